"""Keys that would reach out of their project, and what they must not reach."""

from __future__ import annotations

import dataclasses
import posixpath
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import shown
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws._store import is_typed, names, values
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from imbi_plugin_testkit.lab import Answer
    from imbi_plugin_testkit.laws._store import Store

PATTERNS = (
    '',
    '.',
    '..',
    '/',
    '../',
    '/{own}',
    '//{own}',
    '{own}/',
    './{own}',
    '{own}/.',
    'kit/../{own}',
    'kit//{own}',
    '/etc/kit',
    '../../../../kit',
    '../{theirs}',
    '../{slug}/{theirs}',
    '..\\{theirs}',
    '%2e%2e%2f{theirs}',
    '\0',
    '{own}\0',
    '{own}?kit=1',
    '{own}#kit',
)
"""Keys that are more than a name to a path or a URL. `{own}` is a key of the
project itself: whatever is resolved to it would overwrite it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Escape:
    """One key that must not reach out.

    Attributes:
        key: The key.
        text: What is written to it: unlike what is written to others.
    """

    key: str
    text: str


class Trial:
    """Such keys, and a watch over what they must not reach.

    Attributes:
        store: Of the project whose keys they are.
        tried: The keys.
    """

    def __init__(
        self, store: Store, own: str, before: Mapping[str, Any]
    ) -> None:
        """Prepare.

        Args:
            store: Of a project that has one key.
            own: That key.
            before: What the backend holds.
        """
        self.store = store
        self.tried: list[Escape] = []
        self._own = own
        self._before = before
        self._refused: set[str] = set()
        self._homes = tuple(
            name.removesuffix(own) for name in before if name.endswith(own)
        )

    def aim(self, victim: Store, theirs: str) -> None:
        """Make the keys, some of which lead to a key of another project."""
        slug = victim.context.project_slug
        keys = [
            pattern.format(own=self._own, theirs=theirs, slug=slug)
            for pattern in PATTERNS
        ]
        # Where the other project's item is, as the backend itself names it.
        for name in self._before:
            if theirs not in name:
                continue
            keys.append(name)
            keys += [posixpath.relpath(name, home) for home in self._homes]
        self.tried = [
            Escape(key, f'kit-escape-{number}-')
            for number, key in enumerate(dict.fromkeys(keys))
        ]

    async def read(self) -> AsyncIterator[Finding]:
        """Read each key: nothing can be there."""
        for escape in self.tried:
            answer = await self.store.attempt('get_values', [escape.key])
            for finding in self._untyped(answer, escape):
                yield finding
            if answer.error is None and answer.result:
                yield Finding(
                    f'get_values([{shown(escape.key)}])',
                    f'{shown(escape.key)} gave the value of another key, for '
                    'nobody set it; a key reads itself and nothing '
                    'elsewhere.',
                )

    async def write(self) -> AsyncIterator[Finding]:
        """Set each key, then see whether it is one like any other."""
        written: list[Escape] = []
        for escape in self.tried:
            value = self.store.value(escape.text)
            answer = await self.store.try_set(escape.key, value)
            for finding in self._untyped(answer, escape):
                yield finding
            if answer.error is None:
                written.append(escape)
            else:
                self._refused.add(escape.text)
        if not written:
            return
        await self.store.lab.settle()
        listed = set(names(await self.store.listing()))
        held = values(await self.store.get())
        for escape in written:
            answer = await self.store.attempt('get_values', [escape.key])
            alone = {} if answer.error else values(answer.result)
            wanted = {escape.key: escape.text}
            known = escape.key in listed and wanted.items() <= held.items()
            if alone != wanted or not known:
                yield Finding(
                    f'set_value({shown(escape.key)})',
                    f'{shown(escape.key)} was accepted, but is not read and '
                    'listed under exactly this name; refuse it with '
                    'ValueError, or keep it as a key like any other.',
                )

    async def delete(self) -> AsyncIterator[Finding]:
        """Delete each key, whether it was set or not."""
        for escape in self.tried:
            answer = await self.store.attempt('delete_key', escape.key)
            for finding in self._untyped(answer, escape):
                yield finding

    async def damage(
        self, after: Mapping[str, Any], method: str
    ) -> list[Finding]:
        """Return what the backend does not hold as it should.

        What a store keeps of any key that is deleted (a version, a place in
        its bin) is no damage.

        Args:
            after: What it holds, settled.
            method: What was called with all the keys.
        """
        found = [*self._damage(after, method)]
        if found and method == 'delete_key' and await self._leaves_traces():
            known = {k: v for k, v in after.items() if k in self._before}
            return [*self._damage(known, method)]
        return found

    async def _leaves_traces(self) -> bool:
        """Return whether something new is there after any deletion."""
        lab, key = self.store.lab, self.store.key()
        await self.store.set(key, 'kit')
        await lab.settle()
        before = await lab.snapshot()
        await self.store.delete(key)
        await lab.settle()
        return bool((await lab.snapshot()).keys() - before.keys())

    def _damage(
        self, after: Mapping[str, Any], method: str
    ) -> Iterator[Finding]:
        for name in self._before:
            if name not in after:
                yield _touched(method, name, 'is gone')
            elif after[name] != self._before[name]:
                yield _touched(method, name, 'has changed')
        for name in after.keys() - self._before.keys():
            text = f'{name} {after[name]!r}'
            if any(marker in text for marker in self._refused):
                yield _touched(method, name, 'was made by a refused key')
            elif method != 'set_value':
                yield _touched(method, name, 'is there, and was not before')
            elif self._homes and not name.startswith(self._homes):
                yield _touched(method, name, 'lies outside of the project')

    def _untyped(self, answer: Answer, escape: Escape) -> Iterator[Finding]:
        error = answer.error
        if error is not None and not is_typed(error):
            lab = self.store.lab
            yield Finding(
                f'{answer.method}({shown(escape.key)})',
                f'it raised {described(error, lab.secrets)}'
                f'{lab.place(error)}; a key that cannot be is refused with '
                'ValueError or a PluginError.',
            )


def _touched(method: str, name: str, what: str) -> Finding:
    return Finding(
        f'{method}(key)',
        f'after keys such as "../x" were given to {method}, {shown(name)} '
        f'{what} in the backend; a key must not reach out of its project.',
    )
