"""When to try again, as a remote that asks for fewer calls says it."""

from __future__ import annotations

import datetime as dt
import email.utils
import re
import time

__all__ = ['LONGEST', 'SOONEST', 'retry_at']

SOONEST = 1.0
"""Seconds that are waited at least: `Retry-After: 0` and a date that is over
by the time it is read would have the host call again in a circle."""

LONGEST = 3_600.0
"""Seconds beyond which a wait is taken for a slip of the remote, unless the
plugin knows of longer ones: quotas of an hour are common, of a day are not."""

_DELAY = re.compile(r'[0-9]+(?:\.[0-9]+)?')
"""RFC 9110 §10.2.3 `delay-seconds`, with the fraction that some send."""


def retry_at(
    retry_after: str | None, *, otherwise: float, longest: float = LONGEST
) -> float:
    """Return when to try again, as `PluginRateLimited` takes it.

    Args:
        retry_after: The value of the header Retry-After (RFC 9110 §10.2.3):
            seconds, or an HTTP date; None where there is none.
        otherwise: Seconds to wait where the header is absent or makes no
            sense.
        longest: Seconds to wait at most.

    Returns:
        Seconds since the Unix epoch (UTC): finite, and between `SOONEST` and
        `longest` seconds ahead.
    """
    now = time.time()
    seconds = _seconds((retry_after or '').strip(), now)
    if seconds is None:
        seconds = otherwise
    return now + min(max(seconds, SOONEST), longest)


def _seconds(text: str, now: float) -> float | None:
    """Return the seconds that a header asks for, None where it does not."""
    if _DELAY.fullmatch(text):
        return float(text)
    try:
        at = email.utils.parsedate_to_datetime(text)
        # An HTTP date is of UTC, also where it does not say so (§5.6.7).
        at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
        return at.timestamp() - now
    except (ValueError, OverflowError):
        return None
