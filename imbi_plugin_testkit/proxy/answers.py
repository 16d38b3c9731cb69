"""What a broken backend answers: one row per fault.

A fault without a row has no answer of its own: nothing comes (`REFUSE`,
`RESET`, `DNS`, `HANG`), the upstream's answer comes slowly (`SLOW`), or the
answer names another host (`REDIRECT`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from imbi_plugin_testkit.sandbox import Fault

Raw = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body; `Content-Length` is added."""

RETRY_AFTER = 7
"""Seconds; unlike any default, so that a test sees whether it is read."""

MISSING = 100
"""Bytes that a truncated answer announces and does not send."""

CANNED: Mapping[Fault, Raw] = MappingProxyType(
    {
        # RFC 9110, section 15.5.2: a 401 names how to sign in.
        Fault.UNAUTHORIZED: (
            401,
            {'WWW-Authenticate': 'Bearer error="invalid_token"'},
            b'{"error": "unauthorized", "message": "sign in first"}',
        ),
        Fault.FORBIDDEN: (
            403,
            {},
            b'{"error": "forbidden", "message": "not allowed"}',
        ),
        Fault.THROTTLED: (
            429,
            {'Retry-After': str(RETRY_AFTER)},
            b'{"error": "too_many_requests", "message": "slower"}',
        ),
        Fault.SERVER_ERROR: (
            500,
            {},
            b'{"error": "internal", "message": "sorry"}',
        ),
        # As a load balancer answers, whose pages are not the service's.
        Fault.UNAVAILABLE: (
            503,
            {'Content-Type': 'text/html'},
            b'<h1>503 Service Unavailable</h1>',
        ),
        Fault.MALFORMED: (200, {}, b'<html>not what the type says'),
        Fault.TRUNCATED: (200, {}, b'{"items": [{"na'),
    }
)
"""Fault to its answer; where no `Content-Type` is given, the proxy's stands
in its place."""
