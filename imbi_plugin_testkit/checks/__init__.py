"""Every check, one family per module, in one ordered catalogue.

A check is a decorated function: the decorator says what must hold and how to
mend it, the docstring says why, and the body yields findings. The docs page,
`imbi-plugin explain ID`, the failure text and the list all come from it.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.checks._values import values_of
from imbi_plugin_testkit.model import Check, Finding, Scope, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from imbi_plugin_sdk.errors import Problem

    Values = Callable[[Any, Problem], tuple[object, object] | None]

FAMILIES: Mapping[str, tuple[str, ...]] = {
    'PKG': ('checks.packaging', 'checks.shipping', 'checks.importing'),
    'MAN': ('checks.manifest', 'checks.declarations'),
    'TPL': ('checks.template',),
    'SEC': ('checks.secrets', 'laws.secrecy'),
    'ICO': ('checks.icons', 'checks.pictures'),
    'PRO': ('checks.protocol', 'checks.capabilities', 'checks.actions'),
    'ASY': (
        'laws.every_method',
        'laws.failures',
        'laws.waiting',
        'laws.states',
    ),
    'CFG': (
        'laws.configuration',
        'laws.configuration_reading',
        'laws.configuration_edges',
        'laws.configuration_facts',
        'laws.configuration_races',
        'laws.configuration_machine',
    ),
    'LOG': (
        'laws.logs.paging',
        'laws.logs.order',
        'laws.logs.choosing',
        'laws.logs.telling',
        'laws.logs.machine',
    ),
    'IDN': (
        'laws.identity.requests',
        'laws.identity.scopes',
        'laws.identity.exchange',
        'laws.identity.forgeries',
        'laws.identity.devices',
        'laws.identity.tokens',
        'laws.identity.keeping',
        'laws.identity.machine',
    ),
    'DEP': (
        'laws.deployment.refs',
        'laws.deployment.history',
        'laws.deployment.writes',
        'laws.deployment.runs',
        'laws.deployment.statuses',
        'laws.deployment.machine',
    ),
    'LIF': ('laws.lifecycle', 'laws.lifecycle_targets'),
    'WEB': ('laws.webhook',),
    'ANA': ('laws.analysis',),
    'INC': ('laws.incidents.listing',),
    'KIT': ('checks.kit',),
}
"""Family to the modules that hold it; adding a family touches this table."""

_DECLARED: dict[str, list[Check]] = {}


def check(  # noqa: PLR0913  one keyword per fact of a check
    check_id: str,
    *,
    title: str,
    fix: str,
    scope: Scope = 'plugin',
    severity: Severity = Severity.MUST,
    since: str = '0.1',
    requires: tuple[str, ...] = (),
    types: tuple[str, ...] | None = None,
    applies: Callable[[Mapping[str, Any]], bool] | None = None,
    security: bool = False,
    law: bool = False,
    needs: frozenset[str] = frozenset(),
    machine: bool = False,
    codes: frozenset[str] = frozenset(),
    rationale: str = '',
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the decorated function as a check; see `model.Check`."""

    def declare(body: Callable[..., Any]) -> Callable[..., Any]:
        declared = Check(
            id=check_id,
            title=title,
            severity=severity,
            since=since,
            fix=fix,
            rationale=rationale or inspect.getdoc(body) or '',
            scope=scope,
            body=body,
            requires=requires,
            types=types,
            applies=applies,
            security=security,
            law=law,
            needs=needs,
            machine=machine,
            codes=codes,
        )
        _DECLARED.setdefault(body.__module__, []).append(declared)
        return body

    return declare


def check_codes(
    table: Iterable[tuple[str, tuple[str, ...], str, str]],
    find: Callable[[Any], Iterable[Problem]],
    *,
    fixes: Mapping[str, str],
    warnings: frozenset[str] = frozenset(),
    values: Values | None = None,
    **facts: Any,  # noqa: ANN401  the keywords of `check`
) -> None:
    """Declare one check per row over the problem codes of one finder.

    The SDK already finds these problems; a row only gives them an id, a
    title and a rationale. A problem's own fix is kept.

    Args:
        table: Rows of id, problem codes, title and rationale.
        find: Returns all problems; called once per subject (it caches).
        fixes: Id to how to mend it; each row has one.
        warnings: Ids in the table that are SHOULD instead of MUST.
        values: Returns what was found and what must be, of a subject and its
            problem, or None; by default what the problem says.
        facts: Passed to `check` for every row. Pass `module=__name__`.
    """
    module = facts.pop('module')
    for check_id, codes, title, rationale in table:
        body = _code_body(find, frozenset(codes), values)
        body.__module__ = module
        declared = check(
            check_id,
            title=title,
            fix=fixes[check_id],
            rationale=rationale,
            codes=frozenset(codes),
            severity=(
                Severity.SHOULD if check_id in warnings else Severity.MUST
            ),
            **facts,
        )
        declared(body)


def _code_body(
    find: Callable[[Any], Iterable[Problem]],
    codes: frozenset[str],
    values: Values | None,
) -> Callable[[Any], Iterator[Finding]]:
    def body(subject: Any) -> Iterator[Finding]:  # noqa: ANN401  either scope
        for problem in find(subject):
            if problem.code in codes:
                yield _found(subject, problem, values)

    return body


def _found(
    subject: Any,  # noqa: ANN401  either scope
    problem: Problem,
    values: Values | None,
) -> Finding:
    finding = Finding(problem.path, problem.message, problem.fix)
    pair = values(subject, problem) if values else None
    pair = pair or values_of(problem)
    return finding if pair is None else finding.comparing(*pair)


@functools.cache
def catalogue() -> Mapping[str, Check]:
    """Return every check by id: family by family, then by number.

    Raises:
        RuntimeError: Two checks claim one id, or one sits in the wrong
            family's module: a fault of the kit.
    """
    checks: dict[str, Check] = {}
    for family, modules in FAMILIES.items():
        found: list[Check] = []
        for name in modules:
            module = f'imbi_plugin_testkit.{name}'
            importlib.import_module(module)
            found += _DECLARED.get(module, [])
        for entry in sorted(found, key=lambda entry: entry.id):
            if entry.id in checks or entry.family != family:
                raise RuntimeError(f'check id {entry.id} is misplaced')
            checks[entry.id] = entry
    return checks
