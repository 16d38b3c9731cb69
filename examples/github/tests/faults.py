"""How GitHub itself says what goes wrong."""

from __future__ import annotations

from imbi_plugin_testkit.proxy import RETRY_AFTER
from imbi_plugin_testkit.sandbox import Fault

BODIES = {
    Fault.UNAUTHORIZED: (
        401,
        {},
        b'{"message": "Bad credentials", "status": "401"}',
    ),
    Fault.FORBIDDEN: (
        403,
        {'X-RateLimit-Remaining': '4711'},
        b'{"message": "Resource not accessible by integration"}',
    ),
    # A secondary limit, which GitHub tells with 403 as often as with 429.
    Fault.THROTTLED: (
        403,
        {'Retry-After': str(RETRY_AFTER), 'X-RateLimit-Remaining': '4711'},
        b'{"message": "You have exceeded a secondary rate limit."}',
    ),
    Fault.SERVER_ERROR: (500, {}, b'{"message": "Server Error"}'),
    Fault.UNAVAILABLE: (
        503,
        {'Content-Type': 'text/html'},
        b'<title>Unicorn! &middot; GitHub</title>',
    ),
}
"""Fault to its answer."""
