"""The law of an incidents plugin (INC001)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws.incidents._pages import crowded, paged, refused
from imbi_plugin_testkit.laws.incidents._windows import narrowed, windowed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.model import Finding


@check(
    'INC001',
    title='incidents are paged, kept to their window and narrowed',
    fix='Let a cursor name the last incident by time and id together, seal '
    'it with the question it belongs to, and pass window and statuses on to '
    'the remote with every page. Tell status and times as the remote has '
    'them.',
    law=True,
    types=('incidents',),
    requires=CALLABLE,
    needs=frozenset({'seed'}),
)
async def incidents_are_listed_truly(lab: Lab) -> AsyncIterator[Finding]:
    """Who is called at night must see every incident, once.

    The laws of a search's pages (LOG001 to LOG005) hold: at most `limit` on
    a page; following the cursors ends and brings every incident once, also
    where several began at one instant; None means exhausted; and a cursor
    that is damaged, made up, expired or of another project is
    CursorExpiredError. Every incident lies in the window, its start included;
    whether its end is, is free, and so is whether an open incident from
    before belongs to it. Statuses only narrow: what comes has one of those
    asked for, and all that have it come. Each incident is told as it is: with
    an id of its own, the time it began, the status that the remote names (in
    any case), and no end while it goes on. No cursor holds a credential.
    """
    for story in (paged, crowded, refused, windowed, narrowed):
        async for finding in story(lab):
            yield finding
