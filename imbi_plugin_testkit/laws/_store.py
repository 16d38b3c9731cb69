"""One project's configuration as the laws see it: a dict with manners."""

from __future__ import annotations

import functools
import json
import weakref
from typing import TYPE_CHECKING, Any

import pydantic

from imbi_plugin_sdk._text import shown
from imbi_plugin_sdk.contract import methods
from imbi_plugin_sdk.errors import PluginError
from imbi_plugin_testkit.lab.answers import HandlerFailed, fresh
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws._calls import plain_type
from imbi_plugin_testkit.laws._shapes import shape_problems
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_sdk.handlers.configuration import (
        ConfigKey,
        ConfigKeyWithValue,
        ConfigValue,
    )
    from imbi_plugin_testkit.lab import Answer, Lab

MANY = 100
"""Keys beyond which the sandbox is asked to seed them: setting one takes a
real service up to 0.1 s, and a law has 30 s."""

FEW = 4
"""Keys that any backend hands out at once."""


def is_typed(error: BaseException) -> bool:
    """Return whether an error is a refusal of an argument.

    ValueError and PluginError are. Of ValueError's children those are not
    that only ever come out of a library: pydantic's and json's.
    """
    if isinstance(error, (pydantic.ValidationError, json.JSONDecodeError)):
        return False
    return isinstance(error, (ValueError, PluginError))


_methods = functools.cache(methods)
"""Asked for each answer; `methods` looks for its module each time."""


class Store:
    """The configuration of one tenant, made by a law and emptied after it.

    Every method is one call of the plugin, but for `settled...`, which read
    until the declared lag is over.

    Attributes:
        lab: The lab.
        context: Whose configuration it is.
    """

    def __init__(
        self,
        lab: Lab,
        label: str = 'main',
        *,
        context: PluginContext | None = None,
    ) -> None:
        """Prepare the store; nothing is called yet.

        Args:
            lab: The lab.
            label: Names the tenant, as in `Lab.tenant`.
            context: Whose it is where the tenant is there already; whoever
                gives it calls `clear`, too.
        """
        self.lab = lab
        self.context = lab.tenant(label) if context is None else context
        self._made: list[str] = []
        if context is None:
            lab.on_cleanup(self.clear)

    def key(self) -> str:
        """Return a fresh key."""
        return self.lab.key()

    def value(
        self, text: str, *, data_type: str = '', secret: bool = False
    ) -> ConfigValue:
        """Return a value, of the plainest data type unless one is named."""
        from imbi_plugin_sdk.handlers.configuration import (  # noqa: PLC0415
            ConfigValue,
        )

        return ConfigValue(
            data_type=data_type or plain_type(self.lab),
            value=text,
            secret=secret,
        )

    async def try_set(
        self,
        key: str,
        value: ConfigValue,
        context: PluginContext | None = None,
    ) -> Answer:
        """Set a value; the answer may be a refusal.

        Args:
            key: The key.
            value: The value.
            context: The same place in other words, as one of `impatient`.
        """
        if key not in self._made:
            self._made.append(key)
        answer = await self.lab.attempt(
            'set_value', key, value, ctx=context or self._ctx()
        )
        if answer.error is None:
            self._declared(answer)
        return answer

    async def set(self, key: str, value: ConfigValue | str) -> ConfigKey:
        """Set a value that must be accepted.

        Raises:
            HandlerFailed: It was not.
        """
        if isinstance(value, str):
            value = self.value(value)
        found: ConfigKey = self.lab.must(await self.try_set(key, value))
        return found

    async def attempt(self, method: str, *args: Any) -> Answer:  # noqa: ANN401  the method's own
        """Call a method; a result is one that a law can read.

        What `delete_key` returns nobody reads.

        Raises:
            HandlerFailed: The result is not what the contract declares.
        """
        answer = await self.lab.attempt(method, *args, ctx=self._ctx())
        if answer.error is None and method != 'delete_key':
            self._declared(answer)
        return answer

    async def _call(self, method: str, *args: Any) -> Any:  # noqa: ANN401  the method's own
        answer = await self.lab.attempt(method, *args, ctx=self._ctx())
        self.lab.must(answer)
        return self._declared(answer)

    def _declared(self, answer: Answer) -> Any:  # noqa: ANN401  the method's own
        """Return a result that a law can read.

        A naive datetime is left to ASY002; anything else that is not what
        the contract declares would only make the law itself fail.

        Raises:
            HandlerFailed: It is not what the contract declares.
        """
        spec = _methods(self.lab.plugin_type)[answer.method]
        problems = shape_problems(answer.result, spec.returns)
        for path, message in problems:
            finding = Finding(f'{answer.method}(){path}', message)
            raise HandlerFailed(answer, finding)
        return answer.result

    async def fill(self, values: dict[str, str]) -> None:
        """Make many keys, by the sandbox where setting them takes long."""
        if len(values) > MANY and self._can_seed():
            self._made += values
            models = {key: self.value(text) for key, text in values.items()}
            await self.lab.seed(self.context, models)
            return
        for key, text in values.items():
            await self.set(key, text)

    async def delete(self, key: str) -> None:
        """Delete a key, which must succeed."""
        await self.lab.call('delete_key', key, ctx=self._ctx())
        if key in self._made:
            self._made.remove(key)

    async def listing(self) -> list[ConfigKey]:
        """Return the keys."""
        return list(await self._call('list_keys'))

    async def get(
        self, keys: Sequence[str] | None = None
    ) -> list[ConfigKeyWithValue]:
        """Return the values of some keys, or of all."""
        given = None if keys is None else [*keys]
        return list(await self._call('get_values', given))

    async def get_in_parts(
        self, keys: Sequence[str]
    ) -> list[ConfigKeyWithValue]:
        """Return the values of some keys, a few at a time.

        How many can be asked for at once is CFG006's to judge.
        """
        size = min(FEW, self.lab.limits.page_size)
        found: list[ConfigKeyWithValue] = []
        for start in range(0, len(keys), size):
            found += await self.get(keys[start : start + size])
        return found

    async def settled_parts(
        self, keys: Sequence[str], holds: Callable[[dict[str, str]], bool]
    ) -> dict[str, str]:
        """Get a few at a time until all hold or the lag is over.

        Returns:
            Key to value.
        """
        found: list[ConfigKeyWithValue] = await self.lab.eventually(
            functools.partial(self.get_in_parts, keys),
            lambda items: holds(values(items)),
        )
        return values(found)

    async def settled_get(
        self,
        keys: Sequence[str] | None,
        holds: Callable[[list[ConfigKeyWithValue]], bool],
    ) -> list[ConfigKeyWithValue]:
        """Get until it holds or the lag is over."""
        found: list[ConfigKeyWithValue] = await self.lab.eventually(
            functools.partial(self.get, keys), holds
        )
        return found

    async def settled_list(
        self, holds: Callable[[list[ConfigKey]], bool]
    ) -> list[ConfigKey]:
        """List until it holds or the lag is over."""
        found: list[ConfigKey] = await self.lab.eventually(self.listing, holds)
        return found

    def _ctx(self) -> Any:  # noqa: ANN401  imported on use
        return fresh(self.context)

    def _can_seed(self) -> bool:
        from imbi_plugin_testkit.sandbox import BaseSandbox  # noqa: PLC0415

        return type(self.lab.sandbox).seed is not BaseSandbox.seed

    async def clear(self) -> None:
        """Delete the keys that were made, and nothing else."""
        for key in self._made:
            await self.lab.attempt('delete_key', key, ctx=self._ctx())


_ENVIRONMENTS: weakref.WeakKeyDictionary[Lab, dict[str, bool]] = (
    weakref.WeakKeyDictionary()
)


async def has_environment(lab: Lab, context: PluginContext) -> bool:
    """Return whether the backend has a made-up environment; asked once."""
    known = _ENVIRONMENTS.setdefault(lab, {})
    name = str(context.environment)
    if name not in known:
        answer = await lab.attempt('list_keys', ctx=fresh(context))
        known[name] = answer.error is None or not is_typed(answer.error)
        if not known[name]:
            lab.note(f'the backend has no environment {name!r}')
    return known[name]


def names(items: Iterable[ConfigKey]) -> list[str]:
    """Return the keys of some items, sorted, repeated ones repeated."""
    return sorted(item.key for item in items)


def values(items: Iterable[ConfigKeyWithValue]) -> dict[str, str]:
    """Return key to value."""
    return {item.key: item.value for item in items}


def duplicates(items: Iterable[ConfigKey]) -> list[str]:
    """Return the keys that come more than once."""
    found = names(items)
    return sorted({key for key in found if found.count(key) > 1})


def difference(wrote: str, read: str | None) -> str:
    """Return how what was read differs from what was written.

    Both texts are the kit's own, made up and no secrets.
    """
    if read is None:
        return f'wrote {shown(wrote)}, and the key is not there'
    if len(wrote) <= len(shown(wrote)) and len(read) <= len(shown(read)):
        short = f'wrote {shown(wrote)}, read {shown(read)}'
        if len(wrote) + len(read) < len(shown(wrote)) + len(shown(read)):
            return short
    place = next(
        (
            index
            for index, (one, other) in enumerate(
                zip(wrote, read, strict=False)
            )
            if one != other
        ),
        min(len(wrote), len(read)),
    )
    around = slice(max(place - 8, 0), place + 8)
    return (
        f'wrote {len(wrote)} characters, read {len(read)}; they differ from '
        f'character {place} on: {wrote[around]!r} became {read[around]!r}'
    )


def refusal(lab: Lab, answer: Answer) -> Iterator[str]:
    """Yield what is wrong with a refusal, if it is not typed."""
    error = answer.error
    if error is not None and not is_typed(error):
        yield (
            f'{answer.method} raised {described(error, lab.secrets)}'
            f'{lab.place(error)}; what the store cannot hold is refused with '
            'ValueError or a PluginError'
        )
