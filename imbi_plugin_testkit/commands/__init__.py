"""The commands of `imbi-plugin`, a module per subject."""

from __future__ import annotations

import sys

OK, BROKEN, USAGE = 0, 1, 2
"""Exit codes: well; what was judged does not hold; no sense in the request."""

CLOSED = 141
"""What a shell says of a command that a closed pipe ended (128 + SIGPIPE)."""


def complain(text: str) -> int:
    """Print what makes no sense about a request, and return its exit code."""
    print(f'imbi-plugin: {text}', file=sys.stderr)
    return USAGE
