"""Everything a handler may say a secret in, while a law looks."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import traceback
import warnings
from typing import TYPE_CHECKING, Any, Self, cast

import pydantic

from imbi_plugin_sdk.redaction import occurrences
from imbi_plugin_testkit.lab.guards import IN_LAW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from imbi_plugin_testkit.lab import Answer

LONGEST_CHAIN = 50
"""Exceptions looked at in one chain; a chain may be a ring."""

DEEPEST = 5
"""Levels of a result looked into; no model of the contract has more."""

URL_FIELD = re.compile(r'(?:^|_)ur[li](?:$|_)')
"""Names of fields that hold URLs, as `authorization_url`."""

EXECUTORS = ('asyncio_', 'ThreadPoolExecutor')
"""Names of threads that work for a plugin without knowing of the law. What
other threads say is the sandbox's: its server may log what it is sent."""

_STANDARD = frozenset(vars(logging.makeLogRecord({})))


class _Keeper(logging.Handler):
    """Keeps records as text, as they are at the moment they are made."""

    def __init__(self) -> None:
        super().__init__(level=logging.NOTSET)
        self.texts: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep message, arguments, extras and traceback of a record."""
        if not (
            IN_LAW.get() or (record.threadName or '').startswith(EXECUTORS)
        ):
            return
        where = (
            f'a log record of {record.name!r} ({record.levelname} at '
            f'{record.filename}:{record.lineno})'
        )
        parts = [safe(record.getMessage), safe(lambda: repr(record.args))]
        parts += [
            safe(lambda value=value: repr(value))
            for name, value in vars(record).items()
            if name not in _STANDARD
        ]
        if record.exc_info and record.exc_info[1] is not None:
            parts += [text for _, text in said_by_error(record.exc_info[1])]
        if record.stack_info:
            parts.append(record.stack_info)
        self.texts.append((where, '\n'.join(parts)))


class Capture:
    """A context in which logs, warnings and output are kept.

    Every logger is heard at DEBUG, also those that do not propagate or have
    a level of their own; all levels are put back.
    """

    def __init__(self) -> None:
        self._keeper = _Keeper()
        self._out, self._err = io.StringIO(), io.StringIO()
        self._warned: list[warnings.WarningMessage] = []
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Listen."""
        stack = self._stack
        self._warned = stack.enter_context(
            warnings.catch_warnings(record=True)
        )
        warnings.simplefilter('always')
        stack.enter_context(contextlib.redirect_stdout(self._out))
        stack.enter_context(contextlib.redirect_stderr(self._err))
        root = logging.getLogger()
        stack.callback(logging.disable, root.manager.disable)
        logging.disable(logging.NOTSET)
        known = [
            logger
            for logger in logging.Logger.manager.loggerDict.values()
            if isinstance(logger, logging.Logger)
        ]
        for logger in (root, *known):
            self._listen_to(logger, root)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Put everything back."""
        self._stack.close()

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield where something was said, and what."""
        yield from self._keeper.texts
        for warning in self._warned:
            yield (
                f'a {warning.category.__name__}',
                '\n'.join(text for _, text in _of_object(warning.message)),
            )
        yield 'stdout', self._out.getvalue()
        yield 'stderr', self._err.getvalue()

    def _listen_to(self, logger: logging.Logger, root: logging.Logger) -> None:
        stack = self._stack
        if logger is root or logger.level != logging.NOTSET:
            stack.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.DEBUG)
        if logger is root or not logger.propagate:
            logger.addHandler(self._keeper)
            stack.callback(logger.removeHandler, self._keeper)
        if logger.disabled:
            stack.callback(_disable, logger)
            logger.disabled = False


def _disable(logger: logging.Logger) -> None:
    logger.disabled = True


def safe(text: Any) -> str:  # noqa: ANN401  any function
    """Return what a function of a stranger's returns, as text."""
    try:
        return str(text())
    except Exception:  # noqa: BLE001  a repr that raises says nothing
        return ''


def said_by_error(error: BaseException) -> Iterator[tuple[str, str]]:
    """Yield what an exception and those behind it say.

    Message, arguments, notes and attributes; causes, and contexts unless
    they were suppressed (`raise ... from None`), since that is how an author
    drops what a library said.
    """
    todo: list[tuple[str, BaseException]] = [(type(error).__name__, error)]
    seen: set[int] = set()
    while todo and len(seen) < LONGEST_CHAIN:
        path, current = todo.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield from ((path + what, text) for what, text in _of_object(current))
        if current.__cause__ is not None:
            todo.append((f'{path}.__cause__', current.__cause__))
        elif current.__context__ is not None and (
            not current.__suppress_context__
        ):
            todo.append((f'{path}.__context__', current.__context__))
        if isinstance(current, BaseExceptionGroup):
            todo += [
                (f'{path}.exceptions[{index}]', inner)
                for index, inner in enumerate(current.exceptions)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType, reportUnknownVariableType]
            ]


def _of_object(error: object) -> Iterator[tuple[str, str]]:
    yield '', safe(lambda: str(error))
    yield '.args', safe(lambda: repr(getattr(error, 'args', ())))
    yield '.__repr__()', safe(lambda: repr(error))
    if isinstance(error, BaseException):
        yield (
            ' as a traceback shows it',
            safe(lambda: ''.join(traceback.format_exception_only(error))),
        )
    for name, value in list(getattr(error, '__dict__', {}).items()):
        yield f'.{name}', safe(lambda value=value: f'{value!r}\n{value}')


def said_by_answer(answer: Answer) -> Iterator[tuple[str, str]]:
    """Yield what the result of a call, or its exception, says."""
    if answer.error is not None:
        for path, text in said_by_error(answer.error):
            yield f'the exception {path}', text
    elif answer.result is not None:
        yield 'the repr of the result', safe(lambda: repr(answer.result))
        yield 'the text of the result', safe(lambda: str(answer.result))
        for url in _urls_in(answer.result):
            yield 'a URL in the result', url


def _urls_in(result: Any, depth: int = DEEPEST) -> Iterator[str]:  # noqa: ANN401  a stranger's
    """Yield the URLs in the fields of models: a repr may hide them."""
    if not depth:
        return
    if isinstance(result, pydantic.BaseModel):
        for name, value in result:
            if isinstance(value, str) and URL_FIELD.search(name):
                yield value
            else:
                yield from _urls_in(value, depth - 1)
    elif isinstance(result, (list, tuple)):
        for item in cast('list[Any]', result):
            yield from _urls_in(item, depth - 1)


def forms_of(text: str, value: str) -> str:
    """Return how a text holds a value, as in `raw, url`; else nothing."""
    # Looking costs a lot for long texts, and almost none holds anything.
    return ', '.join(occurrences(text, value)) if text else ''
