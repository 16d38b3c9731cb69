"""Words for messages: did-you-mean, lists, and short views of values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN_CHARACTERS = 60
"""How much of a harmless value a message shows before an ellipsis."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?`, or nothing where no name is close."""
    # difflib costs 3 ms to import and only a failing path needs it.
    import difflib  # noqa: PLC0415

    candidates = sorted(known)
    close = difflib.get_close_matches(word, candidates, n=1, cutoff=0.6)
    if not close:
        folded = word.casefold().replace('-', '_')
        close = [
            name
            for name in candidates
            if name.casefold().replace('-', '_') == folded
        ][:1]
    return f' Did you mean {close[0]!r}?' if close else ''


def listed(words: Iterable[object], last: str = 'or') -> str:
    """Return `a, b or c`."""
    items = [str(word) for word in words]
    if len(items) <= 1:
        return ''.join(items)
    return f'{", ".join(items[:-1])} {last} {items[-1]}'


def shown(value: object) -> str:
    """Return a short `repr` for a message; the caller vouches it is safe."""
    text = repr(value)
    if len(text) > SHOWN_CHARACTERS:
        return f'{text[:SHOWN_CHARACTERS]}…'
    return text


def counted(number: int, noun: str) -> str:
    """Return `1 check` or `3 checks`."""
    return f'{number} {noun}' if number == 1 else f'{number} {noun}s'
