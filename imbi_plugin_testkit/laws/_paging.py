"""Pages and cursors, whatever is on the pages.

Logs and incidents page alike (INC001 is LOG001 to LOG005): a `Pager` asks one
question of one tenant page by page, and the functions here say what is wrong
with what came. They know an item that the law made by its name; others may
come between, and are nobody's fault.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import listed, shown
from imbi_plugin_sdk.contract import methods
from imbi_plugin_sdk.errors import CursorExpiredError
from imbi_plugin_testkit.comparing import Words
from imbi_plugin_testkit.lab.answers import HandlerFailed
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws._shapes import shape_problems
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    import random
    from collections.abc import (
        AsyncIterator,
        Awaitable,
        Callable,
        Iterable,
        Iterator,
        Sequence,
    )

    from imbi_plugin_testkit.lab import Answer, Lab

IDLE = 5
"""Pages in a row without anything new before a walk counts as endless: a
cursor that stands still gives nothing else."""

MOST_BLANK = 100
"""Blank pages in a row, each with a cursor that never came before: a remote
that scans goes through an hour minute by minute."""

SHOWN_NAMES = 5
"""Names in a message before the rest is counted."""


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """One page, as the laws see it.

    Attributes:
        items: What was on it, in order.
        cursor: How to go on; None at the end.
    """

    items: Sequence[Any]
    cursor: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Walk:
    """What following the cursors came to.

    Attributes:
        limit: What each page was asked with.
        pages: The pages, in order.
        ended: Whether the last page has no cursor; else the walk was given
            up, because nothing new came any more.
        names: Names of the items that the law made, in order, as they came.
    """

    limit: int
    pages: tuple[Page, ...]
    ended: bool
    names: tuple[str, ...]

    @property
    def items(self) -> list[Any]:
        """Return the items of all pages, in order."""
        return [item for page in self.pages for item in page.items]


class Pager:
    """One question of one tenant, asked page by page.

    Attributes:
        lab: The lab.
        path: How findings name the call, as in `search(query)`.
        noun: What is on the pages, as in `entry`; `plural` beside it.
        name: Returns the name of an item that the law made, None for others.
    """

    def __init__(  # noqa: PLR0913  what a question is made of
        self,
        lab: Lab,
        ask: Callable[[int, str | None], Awaitable[Answer]],
        read: Callable[[Any], Page],
        name: Callable[[Any], str | None],
        *,
        path: str,
        nouns: tuple[str, str],
    ) -> None:
        """Prepare a question.

        Args:
            lab: The lab.
            ask: Makes one call by limit and cursor.
            read: Returns what a result says.
            name: Returns an item's name; None for what others made.
            path: How findings name the call.
            nouns: What is on the pages, one and several.
        """
        self.lab = lab
        self.path = path
        self.noun, self.plural = nouns
        self.name = name
        self._ask = ask
        self._read = read

    async def attempt(self, limit: int, cursor: str | None = None) -> Answer:
        """Ask for one page; the answer may be a refusal."""
        return await self._ask(limit, cursor)

    async def page(self, limit: int, cursor: str | None = None) -> Page:
        """Ask for one page, which must come.

        Raises:
            HandlerFailed: It did not, or is not what the contract declares.
        """
        return self.read(await self._ask(limit, cursor))

    def read(self, answer: Answer) -> Page:
        """Return the page that an answer must be.

        Raises:
            HandlerFailed: It is none.
        """
        return self._read(declared(self.lab, answer))

    def names(self, page: Page) -> list[str]:
        """Return the names of what the law made, in order, as they came."""
        found = (self.name(item) for item in page.items)
        return [name for name in found if name is not None]

    def _told(self, page: Page) -> set[str]:
        """Return by what items are known again, whoever made them."""
        return {self.name(item) or repr(item) for item in page.items}

    async def walk(self, limit: int, *, start: Page | None = None) -> Walk:
        """Follow the cursors to their end, or until nothing new comes.

        Args:
            limit: Of each page.
            start: A page that was asked for already; by default the first.

        Raises:
            HandlerFailed: A page did not come.
        """
        page = start or await self.page(limit)
        pages, names = [page], self.names(page)
        seen = self._told(page)
        idle, blank = 0, 0
        cursors: set[str] = set()
        while page.cursor is not None and idle < IDLE and blank < MOST_BLANK:
            cursors.add(page.cursor)
            page = await self.page(limit, page.cursor)
            pages.append(page)
            names += self.names(page)
            told = self._told(page)
            scans = not page.items and page.cursor not in cursors
            idle = 0 if told - seen else idle if scans else idle + 1
            blank = 0 if page.items else blank + 1
            seen |= told
        return Walk(limit, tuple(pages), page.cursor is None, tuple(names))


def declared(lab: Lab, answer: Answer) -> Any:  # noqa: ANN401  the method's own
    """Return a result that a law can read.

    A naive datetime is left to ASY002; anything else that is not what the
    contract declares would only make the law itself fail.

    Raises:
        HandlerFailed: The handler raised, or gave something else.
    """
    lab.must(answer)
    spec = methods(lab.plugin_type)[answer.method]
    for path, message in shape_problems(answer.result, spec.returns):
        finding = Finding(f'{answer.method}(){path}', message)
        raise HandlerFailed(answer, finding)
    return answer.result


def overfull(pager: Pager, walk: Walk) -> Iterator[Finding]:
    """Yield where a page holds more than its limit (LOG001)."""
    for number, page in enumerate(walk.pages, 1):
        if len(page.items) > walk.limit:
            yield Finding(
                pager.path,
                f'with limit={walk.limit}, page {number} holds '
                f'{len(page.items)} {pager.plural}; it holds at most '
                f'{walk.limit}.',
            ).comparing(len(page.items), Words(f'at most {walk.limit}'))
            return


def nothing_at_all(pager: Pager, walk: Walk) -> Iterator[Finding]:
    """Yield where a small limit gives nothing although there is (LOG001)."""
    if not walk.names:
        yield Finding(
            pager.path,
            f'with limit={walk.limit}, no page holds any of the '
            f'{pager.plural} that are there.',
        )


def endless(pager: Pager, walk: Walk) -> Iterator[Finding]:
    """Yield where cursors do not end, or stand still (LOG002, LOG004)."""
    if not walk.ended:
        yield Finding(
            f'{pager.path}.next_cursor',
            f'with limit={walk.limit}, after {len(walk.pages)} pages there '
            'was still a cursor, and the last ones brought nothing new; '
            'a cursor makes progress, and where all is told it is None.',
        )


def incomplete(
    pager: Pager, walk: Walk, wanted: Iterable[str]
) -> Iterator[Finding]:
    """Yield what following the cursors lost (LOG002, LOG003)."""
    names = set(wanted)
    missing = names - set(walk.names)
    if missing and walk.ended:
        yield Finding(
            pager.path,
            f'with limit={walk.limit}, following the cursors to their end '
            f'brought {len(names) - len(missing)} of '
            f'{counted_as(pager, len(names))}; {some(missing)} never came.',
        ).comparing(sorted({*walk.names} & names), sorted(names))


def repeated(pager: Pager, walk: Walk) -> Iterator[Finding]:
    """Yield what came on more than one page, or twice on one (LOG002)."""
    twice = {name for name in walk.names if walk.names.count(name) > 1}
    if twice and walk.ended:
        yield Finding(
            pager.path,
            f'with limit={walk.limit}, following the cursors brought '
            f'{some(twice)} more than once; each comes once.',
        ).comparing(sorted(walk.names), sorted(set(walk.names)))


def ends_early(
    pager: Pager, walk: Walk, wanted: Iterable[str]
) -> Iterator[Finding]:
    """Yield where there is no cursor although there is more (LOG004)."""
    missing = set(wanted) - set(walk.names)
    if walk.ended and missing:
        last = len(walk.pages[-1].items)
        yield Finding(
            f'{pager.path}.next_cursor',
            f'with limit={walk.limit}, page {len(walk.pages)} (of '
            f'{counted_as(pager, last)}) had no cursor, but '
            f'{len(missing)} had not come yet; None means exhausted.',
        ).comparing(sorted(walk.names), sorted({*walk.names, *missing}))


async def not_refused(
    pager: Pager,
    limit: int,
    cursors: Iterable[tuple[str, str]],
    right: Page | None = None,
) -> AsyncIterator[Finding]:
    """Yield where a bad cursor is not `CursorExpiredError` (LOG005).

    Args:
        pager: The question.
        limit: Of the page that is asked for.
        cursors: What is wrong with a cursor, and the cursor.
        right: What the undamaged cursor gives. A change to which the
            encoding gives no meaning, as base64 to its last bits, passes
            when it gives the same.
    """
    first = None
    for what, cursor in cursors:
        answer = await pager.attempt(limit, cursor)
        if isinstance(answer.error, CursorExpiredError):
            continue
        must = 'it must raise CursorExpiredError.'
        if answer.error is not None:
            told = described(answer.error, pager.lab.secrets)
            yield Finding(
                f'{pager.path}.cursor',
                f'a cursor that {what} raised {told}'
                f'{pager.lab.place(answer.error)}; {must}',
            )
            continue
        names = pager.names(pager.read(answer))
        if right is not None and names == pager.names(right):
            continue
        if first is None:
            first = pager.names(await pager.page(limit))
        came = (
            'page one'
            if names and names == first
            else counted_as(pager, len(names))
        )
        yield Finding(
            f'{pager.path}.cursor',
            f'a cursor that {what} was answered with {came}; {must}',
        )


async def forged(
    pager: Pager, limit: int, cursor: str, right: Page, foreign: str
) -> AsyncIterator[Finding]:
    """Yield where a cursor that was not given for this is taken (LOG005).

    Args:
        pager: The question.
        limit: Of the page that is asked for.
        cursor: One that was given for it.
        right: What that one gives.
        foreign: One that was given for another project.
    """
    rng = pager.lab.rng
    for cursors, page in (
        (damaged(cursor, rng), right),
        (never_given(rng), None),
        ([('is of another project', foreign)], None),
    ):
        async for finding in not_refused(pager, limit, cursors, page):
            yield finding


def damaged(cursor: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with it, and a damaged cursor.

    Args:
        cursor: One that the handler gave.
        rng: Where the damage is done.
    """
    half = cursor[: max(1, len(cursor) // 2)]
    if half != cursor:
        yield 'was cut in half', half
        yield 'lost its last character', cursor[:-1]
    places = rng.sample(range(len(cursor)), k=min(4, len(cursor)))
    for place in sorted({*places, len(cursor) // 2}):
        changed = _other(cursor[place], rng)
        yield (
            f'was changed in character {place + 1} of {len(cursor)}',
            cursor[:place] + changed + cursor[place + 1 :],
        )
    yield 'has more behind it', f'{cursor}-{rng.getrandbits(32):08x}'


def never_given(rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield what it is, and a cursor that no handler gave."""
    yield 'is a made-up word', f'kit-{rng.getrandbits(64):016x}'
    yield 'is JSON', '{"offset": 0, "after": null}'
    yield 'is base64 of nothing', 'AAAAAAAAAAAAAAAAAAAAAA=='
    yield 'is no ASCII', 'cürsör-\u65e5\u672c'


def _other(char: str, rng: random.Random) -> str:
    """Return another character of the same kind, not its other case."""
    digits, letters = '0123456789', 'abcdefghijklmnopqrstuvwxyz'
    kind = digits if char.isdigit() else letters
    fits = [other for other in kind if other != char.lower()]
    found = rng.choice(fits)
    return found.upper() if char.isupper() else found


def counted_as(pager: Pager, number: int) -> str:
    """Return `1 entry` or `3 entries`."""
    return f'{number} {pager.noun if number == 1 else pager.plural}'


def some(names: Iterable[str]) -> str:
    """Return a few names for a message, and count the rest."""
    every = sorted(names)
    more = len(every) - SHOWN_NAMES
    text = listed((shown(name) for name in every[:SHOWN_NAMES]), last='and')
    return f'{text} and {more} more' if more > 0 else text
