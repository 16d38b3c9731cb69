"""What is told of each incident, against how it was made."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from imbi_plugin_testkit.laws.incidents._board import CLOSED, OPEN
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_sdk.handlers.incidents import IncidentView
    from imbi_plugin_testkit.laws._paging import Walk
    from imbi_plugin_testkit.laws.incidents._board import Board


def told_wrong(board: Board, walk: Walk) -> Iterator[Finding]:
    """Yield where an incident is told of that nobody made."""
    views = [view for view in walk.items if view.title in board.made]
    if len({view.id for view in views}) < len(views):
        yield Finding(
            'list_incidents().incidents[].id',
            'several incidents have one id; each has its own.',
        )
    for found in (
        [*_begun(board, views)],
        [*_stands(board, views)],
        [*_ended(board, views)],
    ):
        # One is enough: they are all told by one line of code.
        yield from found[:1]


def _begun(board: Board, views: list[IncidentView]) -> Iterator[Finding]:
    for view in views:
        made = board.made[view.title].created_at
        told = view.created_at
        if told.utcoffset() is None:  # ASY002 is about that
            continue
        if abs((told - made).total_seconds()) > board.limits.resolution:
            yield Finding(
                'list_incidents().incidents[].created_at',
                f'what began at {made.isoformat()} came as '
                f'{told.isoformat()}; it says when the incident began.',
            ).comparing(told, made)


def _stands(board: Board, views: list[IncidentView]) -> Iterator[Finding]:
    for view in views:
        made = board.made[view.title].status
        # In any case: some remotes write one word in two ways.
        if view.status.casefold() != made.casefold():
            yield Finding(
                'list_incidents().incidents[].status',
                f'what is {made!r} at the remote came as {view.status!r}; '
                'the status is told as the remote names it.',
            ).comparing(view.status, made)


def _ended(board: Board, views: list[IncidentView]) -> Iterator[Finding]:
    """Yield where an end is told of what goes on, or one before the beginning.

    A remote need not say when an incident was over; a plugin whose remote
    does, says it of all that have the same status.
    """
    path = 'list_incidents().incidents[].resolved_at'
    slack = dt.timedelta(seconds=board.limits.resolution)
    ends: dict[str, list[bool]] = {}
    for view in views:
        ended, status = view.resolved_at, board.made[view.title].status
        if status.casefold() in CLOSED:
            ends.setdefault(status, []).append(ended is not None)
        if ended is None:
            continue
        offsets = (ended.utcoffset(), view.created_at.utcoffset())
        if status.casefold() in OPEN:
            yield Finding(
                path,
                f'what is {status!r} came with {ended.isoformat()}; it is '
                'None while an incident is open.',
            ).comparing(ended, None)
        elif None not in offsets and ended < view.created_at - slack:
            yield Finding(
                path,
                f'what began at {view.created_at.isoformat()} was over at '
                f'{ended.isoformat()}, before; it says when the incident was '
                'resolved.',
            )
    for status, told in ends.items():
        if any(told) and not all(told):
            yield Finding(
                path,
                f'of {len(told)} incidents that are {status!r}, '
                f'{told.count(True)} came with it; each must, or it looks '
                'open.',
            ).comparing(told.count(True), len(told))
