"""Law CFG100: random scripts of calls on a configuration plugin."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import shown
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import with_values
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._calls import (
    data_types,
    secret_types,
)
from imbi_plugin_testkit.laws._held import Held, facts_differ
from imbi_plugin_testkit.laws._keys import other_environments, relatives, stem
from imbi_plugin_testkit.laws._store import (
    Store,
    duplicates,
    has_environment,
    is_typed,
    names,
    refusal,
)
from imbi_plugin_testkit.machines import (
    Machine,
    Skip,
    agrees,
    choice,
    choice_of,
    rule,
    several,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

    from imbi_plugin_sdk.handlers.configuration import ConfigKey
    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.model import Finding

TYPES = ('configuration',)

KEYS = choice('a', 'ab', 'b', 'a/b')
"""Labels of keys: two unlike ones, and two that begin like the first."""

PLACES = choice(*('main',) * 6, 'project', 'environment')
"""Where: mostly one place, so that steps meet; then a project whose name
begins like the first's, and another environment of the first."""

TEXTS = choice('one', 'two', 'on', '3')
"""Values: one begins like another, one looks like a number."""


class ConfigurationMachine(Machine):
    """A dict per project and environment.

    Attributes:
        stores: Place to store.
        model: Place to what is held, by key as the plugin has it.
    """

    async def start(self) -> None:
        """Make places and keys."""
        lab = self.lab
        first = stem(lab)
        related = relatives(lab, first)
        self._keys = {
            'a': first,
            'b': stem(lab),
            'ab': related.get('a longer key', first),
            'a/b': related.get('the key below it', first),
        }
        contexts = {
            'main': self.context,
            'project': self.tenant('0'),
        }
        for other in other_environments(lab, self.context)[1:]:
            if await has_environment(lab, other):
                contexts['environment'] = other
        self.stores = {
            place: Store(lab, context=context)
            for place, context in contexts.items()
        }
        self.model: dict[str, dict[str, Held]] = {
            place: {} for place in self.stores
        }
        self._gone: dict[str, set[str]] = {place: set() for place in contexts}
        self._touched: set[str] = set()
        self._past: dict[tuple[str, str], set[str]] = {}

    async def stop(self) -> None:
        """Delete what was made."""
        for store in self.stores.values():
            await store.clear()

    async def finish(self) -> None:
        """Read all where something was done."""
        for place in sorted(self._touched):
            await self.list_keys(place=place)
            await self.get_all(place=place)

    # Rules ----------------------------------------------------------------

    @rule(
        key=KEYS,
        text=TEXTS,
        data_type=choice_of(lambda lab: ('', *data_types(lab))),
        secret=choice(False, False, True),  # noqa: FBT003  values
        place=PLACES,
        weight=5,
    )
    async def set_value(
        self,
        key: str,
        text: str,
        data_type: str = '',
        *,
        secret: bool = False,
        place: str = 'main',
    ) -> None:
        """Set a value; a typed refusal changes nothing.

        A blank data type is the plainest.
        """
        store, name = self._at(place), self.key_of(key)
        value = store.value(text, data_type=data_type, secret=secret)
        before = self.model[place].get(name)
        if before is not None and before.secret:
            # A handler that looks first must be able to see the secret.
            await self.lab.settle()
        answer = await store.try_set(name, value)
        if self._refused(answer, 'set_value'):
            return
        self._write(place, name, value.value, value.data_type, asked=secret)
        if answer.result.key != name:
            raise self.diverges(
                'CFG003',
                f'set_value({name!r})',
                f'it returned the key {shown(answer.result.key)}; it must '
                'return the key that was set.',
                seen=answer.result.key,
                expected=name,
            )

    @rule(key=KEYS, place=PLACES, weight=3)
    async def delete(self, key: str, place: str = 'main') -> None:
        """Delete a key, whether it is there or not."""
        store, name = self._at(place), self.key_of(key)
        await store.delete(name)
        self._drop(place, name)

    @rule(keys=several(KEYS), place=PLACES, weight=2)
    async def get_some(self, keys: list[str], place: str = 'main') -> None:
        """Get some keys by name."""
        store = self._at(place)
        asked = [self.key_of(key) for key in keys]
        wanted = {
            name: held
            for name, held in self.model[place].items()
            if name in asked
        }
        found = await store.settled_get(
            asked,
            lambda items: (
                not any(self._wrong(place, items, wanted, by_name=True))
            ),
        )
        self._compare(f'get_values({asked!r})', place, found, wanted)

    @rule(place=PLACES, weight=2)
    async def get_all(self, place: str = 'main') -> None:
        """Get all keys."""
        store, wanted = self._at(place), self.model[place]
        found = await store.settled_get(
            None, lambda items: not any(self._wrong(place, items, wanted))
        )
        self._compare('get_values(None)', place, found, wanted)

    @rule(place=PLACES, weight=2)
    async def list_keys(self, place: str = 'main') -> None:
        """List the keys."""
        store, wanted = self._at(place), self.model[place]
        found = await store.settled_list(
            lambda items: not any(self._wrong(place, items, wanted))
        )
        self._compare('list_keys()', place, found, wanted)

    @rule(first=KEYS, second=KEYS, text=TEXTS, place=PLACES)
    async def set_two_at_once(
        self, first: str, second: str, text: str, place: str = 'main'
    ) -> None:
        """Set two different keys concurrently: both survive."""
        store = self._at(place)
        keys = [self.key_of(first), self.key_of(second)]
        if keys[0] == keys[1]:
            raise Skip
        await self.lab.settle()
        value = store.value(text)
        answers = await asyncio.gather(
            *(store.try_set(name, value) for name in keys)
        )
        for name, answer in zip(keys, answers, strict=True):
            if not self._refused(answer, 'set_value'):
                self._write(place, name, text, value.data_type, asked=False)
        if all(answer.error is None for answer in answers):
            await self._both_are_there(place, keys, text)

    async def _both_are_there(
        self, place: str, keys: Sequence[str], text: str
    ) -> None:
        def survived(items: Iterable[Any]) -> bool:
            held = {item.key: item.value for item in items}
            return all(held.get(name) == text for name in keys)

        found = await self.stores[place].settled_get([*keys], survived)
        if not survived(found):
            raise self.diverges(
                'CFG013',
                'set_value(key)',
                'two different keys were set at once, and not both have '
                'their value now.',
                seen={item.key: item.value for item in found},
                expected=dict.fromkeys(keys, text),
            )

    # The model -----------------------------------------------------------

    def key_of(self, label: str) -> str:
        """Return the key that a label stands for in this script."""
        return self._keys[label]

    def _at(self, place: str) -> Store:
        if place not in self.stores:
            raise Skip
        self._touched.add(place)
        return self.stores[place]

    def _write(
        self, place: str, name: str, text: str, data_type: str, *, asked: bool
    ) -> None:
        held = self.model[place].get(name)
        secret = (
            asked
            or data_type in secret_types(self.lab)
            or (held is not None and held.secret)
        )
        if held is not None:
            self._past.setdefault((place, name), set()).add(held.value)
        self.model[place][name] = Held(text, data_type, secret)

    def _drop(self, place: str, name: str) -> None:
        held = self.model[place].pop(name, None)
        if held is not None:
            self._gone[place].add(name)
            self._past.setdefault((place, name), set()).add(held.value)

    def _refused(self, answer: Answer, method: str) -> bool:
        error = answer.error
        if error is None:
            return False
        if not is_typed(error):
            message = next(refusal(self.lab, answer))
            raise self.diverges('CFG001', f'{method}(value)', f'{message}.')
        return True

    # Comparing -----------------------------------------------------------

    def _compare(
        self,
        path: str,
        place: str,
        found: Sequence[ConfigKey],
        wanted: dict[str, Held],
    ) -> None:
        by_name = path.startswith('get_values([')
        for law, message in self._wrong(place, found, wanted, by_name=by_name):
            raise self.diverges(law, path, message)

    def _wrong(
        self,
        place: str,
        found: Sequence[ConfigKey],
        wanted: dict[str, Held],
        *,
        by_name: bool = False,
    ) -> Iterator[tuple[str, str]]:
        """Yield the law that is broken and a message, for each fault."""
        for name in duplicates(found):
            message = f'{name!r} came more than once; once is right.'
            once = sorted(set(names(found)))
            yield 'CFG004', with_values(message, names(found), once)
        there = set(names(found))
        for name in sorted(there - wanted.keys()):
            told = self._intruder(place, name, by_name=by_name)
            if told is not None:
                law, message = told
                right = sorted(wanted)
                yield law, with_values(message, names(found), right)
        for name in sorted(wanted.keys() - there):
            message = f'{name!r} was set and is missing.'
            yield 'CFG004', with_values(message, names(found), sorted(wanted))
        for item in found:
            held = wanted.get(item.key)
            if held is not None:
                yield from self._differs(place, item, held)

    def _intruder(
        self, place: str, name: str, *, by_name: bool
    ) -> tuple[str, str] | None:
        """Return why a key should not be there.

        One that the kit never heard of may be somebody else's, and belongs
        into a listing of all; it is wrong only where others were asked for.
        """
        if name in self._gone[place]:
            return 'CFG007', f'{name!r} was deleted, and is still there.'
        if name in self.model[place]:
            return 'CFG005', f'{name!r} came without being asked for.'
        if any(name in held for held in self.model.values()):
            return 'CFG012', (
                f'{name!r} was only set in another project or environment, '
                'and is here, too.'
            )
        if by_name:
            return 'CFG005', f'{shown(name)} came without being asked for.'
        return None

    def _differs(
        self, place: str, item: ConfigKey, held: Held
    ) -> Iterator[tuple[str, str]]:
        value = getattr(item, 'value', held.value)
        if value != held.value:
            law, message = self._other_value(place, item.key, value, held)
            yield law, with_values(message, value, held.value)
        for message in facts_differ(self.lab, item, held):
            yield 'CFG010', message

    def _other_value(
        self, place: str, name: str, value: str, held: Held
    ) -> tuple[str, str]:
        told = f'{name!r} was set to {held.value!r} and is {shown(value)} now'
        if value in self._past.get((place, name), ()):
            return 'CFG002', f'{told}, which it was before.'
        beside = {
            other.value
            for key, other in self.model[place].items()
            if key != name
        }
        if value in beside:
            return 'CFG008', f'{told}, as another key is.'
        elsewhere = {
            where[name].value for where in self.model.values() if name in where
        }
        if value in elsewhere:
            return 'CFG012', (
                f'{told}, as it is in another project or environment.'
            )
        return 'CFG001', f'{told}.'


@check(
    'CFG100',
    title='a random script of calls agrees with the model',
    fix='Run the printed test, and mend what the law that it names says.',
    law=True,
    machine=True,
    types=TYPES,
    requires=CALLABLE,
)
async def scripts_agree(lab: Lab) -> AsyncIterator[Finding]:
    """A store is a dict per project and environment, whatever is done to it.

    The laws before this one are stories that somebody thought of. Faults
    that need a sequence (a cache that only a write empties, a flag that
    outlives a deletion, every seventh call) are found by scripts: sets,
    deletions, listings and reads of a few related keys, of two projects and
    two environments, made up from the run's seed and held against a dict.
    The message names the law that is broken; the script is reduced to the
    shortest that still breaks it, and printed as a test to paste.
    """
    async for finding in agrees(lab, ConfigurationMachine):
        yield finding
