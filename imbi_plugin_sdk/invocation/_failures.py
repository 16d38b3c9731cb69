"""Turning whatever a plugin raises into an error that shows no secret.

An exception holds its arguments, notes, attributes, its cause and its
context, and frames with every local variable. So nothing foreign is handed
on: what it says is told as text, redacted. An error of the contract passes as
it is where none of its text holds a secret, and as a redacted copy else.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import traceback
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from imbi_plugin_sdk.errors import PluginError, Problem
from imbi_plugin_sdk.invocation.errors import (
    PluginArgumentRefused,
    PluginFailed,
    PluginMethodNotImplemented,
    PluginRaised,
)
from imbi_plugin_sdk.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SHOWN = 1_000
"""Characters of a foreign message that are shown: a screen of a log."""

MOST_READ = 262_144
"""Characters of a text that are searched for secrets; a longer one, the body
of an answer say, is left out as a whole, since a cut could halve a secret."""

MOST_LINKS = 16
"""Exceptions of one chain that are told; real chains have two or three."""

MOST_FRAMES = 24
"""Places of one exception that are told, the innermost ones."""

_MALFORMED = frozenset(
    {
        ('binascii', 'Error'),
        ('builtins', 'UnicodeError'),
        ('json.decoder', 'JSONDecodeError'),
        ('pydantic_core._pydantic_core', 'ValidationError'),
    }
)
"""ValueErrors that speak of malformed data and refuse no argument (ASY005)."""


T = TypeVar('T')


class Call(NamedTuple):
    """Which call an error is about.

    Attributes:
        plugin: The slug, or the class.
        method: The method, or the action.
        optional: Whether the contract has a default for it.
    """

    plugin: str
    method: str
    optional: bool


def safe(error: BaseException, call: Call, secrets: set[str]) -> PluginError:
    """Return what the host may see of an exception; raises nothing.

    Args:
        error: What a plugin raised, of any kind.
        call: Which call it is about.
        secrets: What must not be shown.
    """
    ways: list[Callable[[], PluginError]] = [
        lambda: _told(error, call, secrets)
    ]
    # Not `isinstance`, which asks the exception what it says that it is.
    if issubclass(type(error), PluginError):
        own = cast('PluginError', error)
        ways = [lambda: _passed(own, secrets), lambda: _bare(own)]
    for way in ways:
        found = _guarded(way)
        if found is not None:
            return found
    return PluginFailed(
        call.plugin,
        call.method,
        'an exception',
        'it cannot be told: looking at it raised another one.',
    )


# --- foreign exceptions ------------------------------------------------


def _told(error: BaseException, call: Call, secrets: set[str]) -> PluginRaised:
    """Tell a foreign exception as text."""
    kind = _kind(error, call)
    name, message = _named(type(error)), _shown(_message(error), secrets)
    trace = redact('\n'.join(_trace(error)), secrets)
    told = kind(call.plugin, call.method, name, message, trace)
    _annotate(told, error, secrets)
    return told


def _kind(error: BaseException, call: Call) -> type[PluginRaised]:
    """Return what a foreign exception means to the host."""
    if isinstance(error, NotImplementedError) and call.optional:
        return PluginMethodNotImplemented
    if isinstance(error, ValueError):
        names = {(one.__module__, one.__name__) for one in type(error).__mro__}
        if not names & _MALFORMED:
            return PluginArgumentRefused
    return PluginFailed


def _annotate(
    told: PluginError, error: BaseException, secrets: set[str]
) -> None:
    """Give an error the notes of another one, its place, and its causes."""
    notes = [_shown(note, secrets) for note in _notes(error)]
    for link, one in _chain(error):
        text = _shown(_message(one), secrets)
        colon = ': ' if text else ''
        what = f'{link} {_named(type(one))}{colon}{text}' if link else ''
        notes += [f'{what}\n{redact(_raised(one), secrets)}'.strip()]
    for note in filter(None, notes):
        told.add_note(note)


def _named(kind: type) -> str:
    """Return a type as a log should name it: `builtins` goes without."""
    module = kind.__module__
    return (
        kind.__qualname__
        if module == 'builtins'
        else f'{module}.{kind.__qualname__}'
    )


def _message(error: BaseException) -> str:
    """Return an exception's text, whatever it takes."""
    # KeyError quotes its argument, and a quoted secret is harder to find.
    if type(error) is KeyError and len(error.args) == 1:
        argument: object = error.args[0]
        if isinstance(argument, str):
            return argument
    # pydantic quotes the input, which may hold what a remote keeps secret.
    quiet = getattr(error, 'errors', None)
    if type(error).__name__ == 'ValidationError' and callable(quiet):
        found = _guarded(lambda: _validation(quiet))
        if found is not None:
            return found
    text = _guarded(lambda: str(error))
    return '(its text cannot be read)' if text is None else text


def _validation(errors: Callable[..., Any]) -> str:
    details = errors(
        include_url=False, include_context=False, include_input=False
    )
    return '; '.join(
        f'{".".join(map(str, one["loc"]))}: {one["msg"]}' for one in details
    )


def _capped(text: str) -> str:
    """Return a text, or its length where it is too long to be searched."""
    if len(text) > MOST_READ:
        return f'({len(text)} characters, left out)'
    return text


def _shown(text: str, secrets: set[str]) -> str:
    """Return a text redacted and shortened, in this order."""
    text = redact(_capped(text), secrets)
    if len(text) > SHOWN:
        return f'{text[:SHOWN]}…'
    return text


def _notes(error: BaseException) -> list[str]:
    """Return the notes that are texts."""
    notes: object = getattr(error, '__notes__', None)
    if not isinstance(notes, (list, tuple)):
        return []
    return [
        note for note in cast('list[object]', notes) if isinstance(note, str)
    ]


def _chain(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    """Yield an exception and what it came from, each once."""
    waiting: list[tuple[str, BaseException]] = [('', error)]
    seen: set[int] = set()
    while waiting and len(seen) < MOST_LINKS:
        link, one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield link, one
        if isinstance(one, BaseExceptionGroup):
            group = cast('BaseExceptionGroup[BaseException]', one)
            waiting += [('holds', part) for part in group.exceptions]
        if one.__cause__ is not None:
            waiting.append(('caused by', one.__cause__))
        if one.__context__ is not None and not one.__suppress_context__:
            waiting.append(('while handling', one.__context__))


def _trace(error: BaseException) -> Iterator[str]:
    """Yield the lines of `PluginRaised.trace`."""
    for link, one in _chain(error):
        text = _capped(_message(one))
        head = f'{link} {_named(type(one))}'.lstrip()
        yield f'{head}: {text}' if text else head
        yield from [f'  {place}' for place in _places(one)][-MOST_FRAMES:]
        yield from [f'  note: {_capped(note)}' for note in _notes(one)]


def _places(error: BaseException) -> Iterator[str]:
    """Yield where an exception was, outermost first; no line of source."""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if trace.tb_frame.f_globals.get('__name__') not in _OURS:
            yield f'{code.co_filename}:{trace.tb_lineno} in {code.co_qualname}'
        trace = trace.tb_next


_OURS = frozenset(
    f'imbi_plugin_sdk.invocation.{name}'
    for name in ('_calls', '_results', '_running')
)
"""Modules whose frames say nothing about the plugin."""


def _raised(error: BaseException) -> str:
    """Return where an exception was raised, innermost first; maybe nothing."""
    places = [*_places(error)][: -MOST_FRAMES - 1 : -1]
    return _RAISED + '\n  called at '.join(places) if places else ''


_RAISED = 'raised at '


def _guarded(read: Callable[[], T]) -> T | None:
    """Return what a stranger's code gives, or None where it raises."""
    try:
        return read()
    except BaseException:  # noqa: BLE001  a stranger's `__str__` runs here
        return None


# --- errors of the contract --------------------------------------------


def _passed(error: PluginError, secrets: set[str]) -> PluginError:
    """Return an error of the contract, or a copy that shows no secret."""
    if not _leaks(error, secrets):
        _forget(error)
        return error
    own = type(error)
    for kind in own.__mro__:
        if kind is own or kind.__module__.startswith('imbi_plugin_sdk.'):
            copy = _copied(error, kind, secrets)
            if copy is not None and not _leaks(copy, secrets):
                return copy
    return _bare(error)


def _forget(error: PluginError) -> None:
    """Take the frames from an error and its chain, and note the places.

    Frames keep what the handler worked with, credentials included, and some
    tools print a frame's locals (law SEC001).
    """
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        # One that is raised again still has the frames of how it got out.
        if not any(note.startswith(_RAISED) for note in _notes(one)):
            _noted(one, _raised(one))
        one.__traceback__ = None
        waiting += (one.__cause__, one.__context__)
        if isinstance(one, BaseExceptionGroup):
            group = cast('BaseExceptionGroup[BaseException]', one)
            waiting += group.exceptions


def _noted(error: BaseException, note: str) -> None:
    """Add a note, unless it is empty or the notes are no list."""
    if note:
        with contextlib.suppress(TypeError):
            error.add_note(note)


def _bare(error: PluginError) -> PluginError:
    """Return an error of the same kind and nothing of its text."""
    kind = next(
        cast('type[PluginError]', one)
        for one in type(error).__mro__
        if one.__module__.startswith('imbi_plugin_sdk.')
    )
    bare = Exception.__new__(kind, _UNTELLABLE)
    retry_at = vars(error).get('retry_at')
    if isinstance(retry_at, (int, float)):
        vars(bare)['retry_at'] = retry_at
    return bare


_UNTELLABLE = '(its text cannot be shown without a secret)'


def _leaks(error: BaseException, secrets: set[str]) -> bool:
    """Tell whether any text of an error, or of its chain, has a secret."""
    for text in _texts(error):
        if len(text) > MOST_READ or redact(text, secrets) != text:
            return True
    return False


def _texts(error: BaseException) -> Iterable[str]:
    """Yield all that a log can show of an error without its locals."""
    yield ''.join(traceback.format_exception(error))
    for _, one in _chain(error):
        yield str(one)
        yield repr(one)
        yield repr(one.args)
        yield repr({**vars(one)})


def _copied(
    error: PluginError, kind: type[BaseException], secrets: set[str]
) -> PluginError | None:
    """Return a redacted copy without cause, context and traceback."""
    if not issubclass(kind, PluginError):
        return None
    try:
        args = tuple(_scrubbed(value, secrets) for value in error.args)
        # Not the constructor: a plugin's own class may take anything.
        copy = Exception.__new__(kind, *args)
        for name, value in vars(error).items():
            if name != '__notes__':
                vars(copy)[name] = _scrubbed(value, secrets)
        _annotate(copy, error, secrets)
    except Exception:  # noqa: BLE001  the next class of the MRO is tried
        return None
    return copy


_PLAIN = (bool, int, float, dt.datetime, dt.date, type(None))


def _scrubbed(value: object, secrets: set[str]) -> Any:  # noqa: ANN401  data
    """Return data without secrets; an object becomes its redacted repr."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, Problem):
        facts = {
            field.name: redact(str(getattr(value, field.name)), secrets)
            for field in dataclasses.fields(value)
        }
        return Problem(**facts)
    if kind is list or kind is tuple:
        items = cast('list[object]', value)
        clean = [_scrubbed(item, secrets) for item in items]
        return clean if kind is list else tuple(clean)
    if kind is dict:
        entries = cast('dict[object, object]', value).items()
        return {
            _scrubbed(key, secrets): _scrubbed(item, secrets)
            for key, item in entries
        }
    return redact(repr(value), secrets)
