"""Words for messages: did-you-mean, lists, and short views of values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

SHOWN_CHARACTERS = 60
"""How much of a harmless value a message shows before an ellipsis."""

MOST_COMPARED = 200
"""Names among which a likely slip is looked for: comparing takes 20 µs each,
and an error is an answer to a request."""


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


def hint(word: str, known: Collection[str], words: int = 1) -> str:
    """Return `did_you_mean`, or nothing where that would take long.

    Args:
        word: What was seen.
        known: The names it could have been.
        words: How many words are looked up in the same answer.
    """
    if words * len(known) > MOST_COMPARED or len(word) > SHOWN_CHARACTERS:
        return ''
    return did_you_mean(word, known)


def listed(words: Iterable[object], last: str = 'or') -> str:
    """Return `a, b or c`."""
    items = [str(word) for word in words]
    if len(items) <= 1:
        return ''.join(items)
    return f'{", ".join(items[:-1])} {last} {items[-1]}'


def shown(value: object) -> str:
    """Return a short `repr` for a message; the caller vouches it is safe."""
    try:
        text = repr(value)
    except ValueError:  # an int with thousands of digits has no text
        return f'of type {type(value).__name__} and too long to show'
    if len(text) > SHOWN_CHARACTERS:
        return f'{text[:SHOWN_CHARACTERS]}…'
    return text


def counted(number: int, noun: str) -> str:
    """Return `1 check` or `3 checks`."""
    return f'{number} {noun}' if number == 1 else f'{number} {noun}s'
