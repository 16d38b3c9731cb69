"""What a resource may be called: a plain path below its package."""

from __future__ import annotations

import re

MAX_NAME = 255
"""Characters of a package or resource: the most a file name may have."""

_MEANINGS = re.compile(r'[\\:*?"<>|]').search
"""What some file system gives a meaning of its own."""

PLAIN = (
    "a path below the package with '/' between plain names, without '..', a "
    'leading or doubled slash, backslash, colon, wildcard or a character '
    'that cannot be printed'
)
"""What `is_plain` asks for, for a message."""


def is_plain(resource: str) -> bool:
    """Return whether a path stays inside its package on any system."""
    return (
        len(resource) <= MAX_NAME
        # Controls, surrogates, and what turns the direction of text.
        and resource.isprintable()
        and not _MEANINGS(resource)
        and not {'', '.', '..'}.intersection(resource.split('/'))
    )
