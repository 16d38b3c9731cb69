"""Does a function do anything but raise NotImplementedError?

Read from byte code, because a class may come without its source. The rule is
an allowlist: up to the first `raise`, nothing but making the exception and
its message; after it, nothing but what the compiler adds to every coroutine.
Anything else, also an instruction of a later Python, counts as a body that
does something.
"""

from __future__ import annotations

import dis
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType

_INERT_PREFIXES = (
    'BUILD_STRING',
    'CACHE',
    'CONVERT_VALUE',
    'COPY_FREE_VARS',
    'DELETE_FAST',
    'EXTENDED_ARG',
    'FORMAT_',
    'LOAD_CONST',
    'LOAD_DEREF',
    'LOAD_FAST',
    'LOAD_SMALL_INT',
    'MAKE_CELL',
    'NOP',
    'NOT_TAKEN',
    'POP_TOP',
    'PUSH_NULL',
    'RESUME',
    'RETURN_GENERATOR',
    'STORE_FAST',
)
"""Before the exception is named: constants and locals, no call."""

_MESSAGE_PREFIXES = (
    *_INERT_PREFIXES,
    'BUILD_',
    'CALL',
    'KW_NAMES',
    'LOAD_ATTR',
    'LOAD_GLOBAL',
    'LOAD_METHOD',
    'PRECALL',
)
"""Behind it: what makes a message, calls such as `type(self)` included."""

_COMPILER_PREFIXES = ('CACHE', 'CALL_INTRINSIC_1', 'EXTENDED_ARG', 'RERAISE')
"""After the `raise`: how Python 3.12 wraps the body of a coroutine."""


def only_raises(code: CodeType) -> bool:
    """Tell whether a body is only `raise NotImplementedError(...)`.

    A docstring, `del` of the arguments and a message put together first are
    still only that; a log line, a condition, an `await` or a `try` are not.
    """
    instructions = [
        (found.opname, found.argval) for found in dis.get_instructions(code)
    ]
    names = [name for name, _ in instructions]
    if 'RAISE_VARARGS' not in names:
        return False
    end = names.index('RAISE_VARARGS')
    start = next(
        (
            place
            for place, (name, value) in enumerate(instructions[:end])
            if name in {'LOAD_GLOBAL', 'LOAD_NAME'}
            and value == 'NotImplementedError'
        ),
        None,
    )
    return (
        start is not None
        and _are(names[:start], _INERT_PREFIXES)
        and _are(names[start:end], _MESSAGE_PREFIXES)
        and _are(names[end + 1 :], _COMPILER_PREFIXES)
    )


def _are(names: Iterable[str], prefixes: tuple[str, ...]) -> bool:
    """Tell whether every instruction starts with one of the prefixes."""
    return all(name.startswith(prefixes) for name in names)
