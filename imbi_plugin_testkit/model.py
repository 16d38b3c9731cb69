"""The words of the kit: check, finding, outcome, result, verdict.

Standard library only, so that reports can be read without the SDK.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING, Any, Literal

from imbi_plugin_testkit.comparing import Compared, rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Severity(enum.StrEnum):
    """How much a finding weighs (RFC 2119)."""

    MUST = 'must'
    SHOULD = 'should'
    MAY = 'may'


class Outcome(enum.StrEnum):
    """How one check ended for one subject.

    `untestable` is a check that could not run: it never counts as passed.
    `not_applicable` follows from the manifest and from nothing else.
    `kit_error` is a fault of the kit, never blamed on the author.
    """

    PASSED = 'passed'
    FAILED = 'failed'
    WARNED = 'warned'
    WAIVED = 'waived'
    NOT_APPLICABLE = 'not_applicable'
    UNTESTABLE = 'untestable'
    KIT_ERROR = 'kit_error'


FATAL = frozenset({Outcome.FAILED, Outcome.KIT_ERROR})
"""Outcomes with which no verdict is `conformant`."""


class Verdict(enum.StrEnum):
    """What a run says of a distribution as a whole.

    `static` is the verdict of a run whose author declined the laws
    (`sandbox = "none"` with a reason).
    """

    CONFORMANT = 'conformant'
    STATIC = 'static'
    NOT_CONFORMANT = 'not_conformant'


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A spot in one of the author's files.

    Attributes:
        file: Relative to the project, with forward slashes.
        line: Counted from 1.
        column: Counted from 1.
        text: The line itself; blank where it is not to be shown.
    """

    file: str
    line: int
    column: int = 1
    text: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check saw.

    Attributes:
        path: Where, as in `options[2].name` or `get_values(keys)`.
        message: What was seen and what must hold; free of secrets.
        fix: How to mend it; blank means the check's own `fix`.
        details: Lines that help to see it, such as the steps of a law.
        place: Where it is to be mended; the run fills it in.
        seen: Where two values were compared: the one that was found, as text
            with a line per member; blank where none were.
        expected: The one that must be, the same way.
    """

    path: str
    message: str
    fix: str = ''
    details: tuple[str, ...] = ()
    place: Place | None = None
    seen: str = ''
    expected: str = ''

    def __post_init__(self) -> None:
        """Take the values over that a message brings with it."""
        if isinstance(self.message, Compared):
            values = rendered(self.message.seen, self.message.expected)
            for name, text in zip(('seen', 'expected'), values, strict=True):
                object.__setattr__(self, name, text)

    def comparing(self, seen: object, expected: object) -> Finding:
        """Return the finding with the two values that were compared.

        Args:
            seen: What was found; `comparing.NOTHING` where nothing was.
            expected: What must be.
        """
        one, other = rendered(seen, expected)
        return dataclasses.replace(self, seen=one, expected=other)


Scope = Literal['distribution', 'plugin']


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold, and everything that is told about it.

    Attributes:
        id: Stable id, as in `MAN020`; never renumbered, never reused.
        title: What holds, as a statement.
        severity: MUST is an error, SHOULD a warning, MAY a note.
        since: Version of the kit that brought it.
        fix: How to mend what it finds.
        rationale: Why it must hold; the docs page.
        scope: What the body is given: a `Subject` or a `PluginUnderTest`.
        body: Yields findings; a coroutine function of a `Lab` for a law.
        requires: Ids that must not have failed before it can run.
        types: Plugin types it is for; `None` means all.
        applies: Whether the manifest (as plain data) calls for it.
        security: Whether it protects operators, so that no waiver helps.
        law: Whether it needs a sandbox.
        needs: What the sandbox must be able to do (`seed`, `fault`, …).
        machine: Whether it runs a state machine, which the profile `deep`
            gives more time.
        codes: Codes of the SDK's problems that it reports, if it does that.
    """

    id: str
    title: str
    severity: Severity
    since: str
    fix: str
    rationale: str
    scope: Scope
    body: Callable[..., Any]
    requires: tuple[str, ...] = ()
    types: tuple[str, ...] | None = None
    applies: Callable[[Mapping[str, Any]], bool] | None = None
    security: bool = False
    law: bool = False
    needs: frozenset[str] = frozenset()
    machine: bool = False
    codes: frozenset[str] = frozenset()

    @property
    def family(self) -> str:
        """Return the letters of the id, as in `MAN`."""
        return self.id.rstrip('0123456789')


class Untestable(Exception):  # noqa: N818  an outcome, not an error
    """Raised by a body that cannot decide; the reason says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclasses.dataclass(slots=True)
class Result:
    """How one check ended; plain data that survives JSON.

    Attributes:
        check: Id of the check.
        unit: Name of the plugin's entry point, or of the distribution.
        outcome: How it ended.
        severity: The check's, after `strict` was applied.
        seconds: Wall time of the body.
        findings: What was seen, for failed, warned and waived.
        reason: Why it did not run, or why it was waived.
        reproduce: A command that runs this check alone.
    """

    check: str
    unit: str
    outcome: Outcome
    severity: Severity
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()
    reason: str = ''
    reproduce: str = ''

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON-ready data."""
        return {
            **dataclasses.asdict(self),
            'outcome': self.outcome.value,
            'severity': self.severity.value,
            'findings': [
                {**dataclasses.asdict(entry), 'details': list(entry.details)}
                for entry in self.findings
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Result:
        """Return the result that `to_json` wrote."""
        facts: dict[str, Any] = dict(data)
        facts['outcome'] = Outcome(data['outcome'])
        facts['severity'] = Severity(data['severity'])
        facts['findings'] = tuple(
            Finding(
                entry['path'],
                entry['message'],
                entry['fix'],
                tuple(entry['details']),
                Place(**entry['place']) if entry['place'] else None,
                entry.get('seen', ''),
                entry.get('expected', ''),
            )
            for entry in data['findings']
        )
        return cls(**facts)


def count_outcomes(results: Iterable[Result]) -> dict[str, int]:
    """Return every outcome's count, zeros included, in a fixed order."""
    counts = {str(outcome): 0 for outcome in Outcome}
    for result in results:
        counts[result.outcome] += 1
    return counts
