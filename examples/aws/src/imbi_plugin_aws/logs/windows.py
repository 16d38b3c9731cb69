"""A window of time in milliseconds, as CloudWatch keeps time."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imbi_plugin_sdk import LogQuery

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)
SECOND = 1_000


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """From one instant to another, which is no longer in it (LOG007).

    Attributes:
        start: Milliseconds since the epoch, inclusive.
        end: Milliseconds since the epoch, exclusive.
    """

    start: int
    end: int

    @classmethod
    def of(cls, query: LogQuery) -> Window:
        """Return the window of a query, the same in every time zone.

        An entry's time has whole milliseconds, so both ends round up: the
        first millisecond that is not before them.

        Raises:
            ValueError: The end is before the start, or one of them has no
                time zone (law LOG016).
        """
        for name in ('start_time', 'end_time'):
            if getattr(query, name).utcoffset() is None:
                raise ValueError(
                    f'{name} has no time zone; it must have one, as in '
                    '2026-01-31T12:00:00Z.'
                )
        if query.end_time < query.start_time:
            raise ValueError(
                'end_time is before start_time; the window must not be '
                'reversed.'
            )
        return cls(
            _milliseconds(query.start_time), _milliseconds(query.end_time)
        )

    def until(self, end: int) -> Window:
        """Return the part of this window before an instant."""
        return Window(self.start, min(self.end, end))

    @property
    def seconds(self) -> tuple[int, int]:
        """Return start and end in seconds, both inclusive, around it all."""
        return self.start // SECOND, -(-self.end // SECOND)


def _milliseconds(when: dt.datetime) -> int:
    return -((_EPOCH - when) // _MILLISECOND)


def instant(milliseconds: int) -> dt.datetime:
    """Return milliseconds since the epoch as a time in UTC."""
    return _EPOCH + milliseconds * _MILLISECOND


def read_instant(text: str) -> int | None:
    """Return milliseconds since the epoch, or None where it is no time.

    Args:
        text: As Logs Insights writes time: `2026-01-31 23:59:59.000`, UTC.
    """
    try:
        when = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=dt.UTC)
    return (when - _EPOCH) // _MILLISECOND
