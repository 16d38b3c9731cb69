"""What is known about an id, whichever table it comes from."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import did_you_mean
from imbi_plugin_sdk.errors import PluginError
from imbi_plugin_sdk.icons import ICON_PROBLEMS
from imbi_plugin_sdk.secret_detector import RULES, explain_rule
from imbi_plugin_sdk.urls import RULES as URL_RULES
from imbi_plugin_testkit.checks import catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_testkit.model import Check


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """What `imbi-plugin explain` prints.

    Attributes:
        id: The id as its table writes it.
        kind: check, secret rule, problem code, or error code.
        title: What it is about, in a line.
        rationale: Why it is there.
        fix: How to mend what it finds.
        weight: Severity and age of a check.
        notes: More paragraphs.
    """

    id: str
    kind: str
    title: str
    rationale: str
    fix: str
    weight: str = ''
    notes: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return data that `json.dumps` takes."""
        return {**dataclasses.asdict(self), 'notes': list(self.notes)}


def explained(name: str) -> Explanation | str:
    """Return what is known about an id, or a message that nothing is."""
    for look in (_a_check, _a_secret_rule, _an_icon, _a_url, _a_code, _error):
        found = look(name)
        if found is not None:
            return found
    word = name.lower()
    if word.isalpha() and any(
        word in (check.types or ()) or check.id.lower().startswith(word)
        for check in catalogue().values()
    ):
        return (
            f'{name!r} is no id of its own. Fix: `imbi-plugin list {name}` '
            'shows the checks of that name.'
        )
    known = {
        *catalogue(),
        *(code for check in catalogue().values() for code in check.codes),
        *(rule.id for rule in RULES),
        *ICON_PROBLEMS,
        *URL_RULES,
        *_errors(),
    }
    hint = did_you_mean(name.upper(), known) or did_you_mean(
        name.lower(), known
    )
    return (
        f'nothing has the id {name!r}.{hint} Fix: `imbi-plugin list` shows '
        'every check.'
    )


def _a_check(name: str) -> Explanation | None:
    check = catalogue().get(name.upper())
    return None if check is None else _check(check)


def _a_secret_rule(name: str) -> Explanation | None:
    folded = name.lower()
    if folded not in {rule.id for rule in RULES}:
        return None
    told = explain_rule(folded)
    return Explanation(
        folded, 'secret rule', told.title, told.rationale, told.what_to_do
    )


def _an_icon(name: str) -> Explanation | None:
    folded = name.lower()
    if folded not in ICON_PROBLEMS:
        return None
    title, fix = ICON_PROBLEMS[folded]
    why = 'The host refuses the icon before it is stored.'
    return Explanation(folded, 'problem code', title, why, fix)


def _a_url(name: str) -> Explanation | None:
    folded = name.lower()
    rule = URL_RULES.get(folded)
    if rule is None:
        return None
    why = f'In a template, {rule.must}.'
    return Explanation(folded, 'problem code', folded, why, rule.fix)


def _a_code(name: str) -> Explanation | None:
    """Return the check that reports a problem of the SDK."""
    folded = name.lower()
    for check in catalogue().values():
        if folded in check.codes:
            told = _check(check)
            note = f'The kit reports it as {check.id}.'
            return dataclasses.replace(
                told, id=folded, kind='problem code', notes=(note, *told.notes)
            )
    return None


def _errors() -> Mapping[str, type[PluginError]]:
    """Return code to error class, those of the host's rules too."""
    import imbi_plugin_sdk  # noqa: PLC0415

    for module in pkgutil.walk_packages(
        imbi_plugin_sdk.__path__, f'{imbi_plugin_sdk.__name__}.'
    ):
        importlib.import_module(module.name)
    found: dict[str, type[PluginError]] = {}
    waiting: list[type[PluginError]] = [PluginError]
    while waiting:
        error = waiting.pop(0)
        waiting += error.__subclasses__()
        if error.__module__.startswith(imbi_plugin_sdk.__name__):
            found.setdefault(error.code, error)
    return found


def _error(name: str) -> Explanation | None:
    from imbi_plugin_sdk.invocation.responses import (  # noqa: PLC0415
        ERROR_RESPONSES,
    )

    code = name.lower()
    error = _errors().get(code)
    if error is None:
        return None
    response = ERROR_RESPONSES[code]
    title, _, rest = (inspect.getdoc(error) or '').partition('\n\n')
    why = rest.partition('Attributes:')[0].strip()
    return Explanation(
        code,
        'error code',
        f'{error.__name__}: {" ".join(title.split())}',
        why or f'A host answers with HTTP status {response.status}.',
        response.advice,
        f'HTTP {response.status}',
        (f'When the same request may succeed: {response.retry}.',),
    )


def _check(check: Check) -> Explanation:
    notes: list[str] = []
    if check.types:
        notes.append(f'For plugins of type {", ".join(check.types)}.')
    if check.requires:
        notes.append(f'Needs first: {", ".join(check.requires)}.')
    if check.security:
        notes.append('It protects operators: no waiver helps.')
    return Explanation(
        check.id,
        'check',
        check.title,
        check.rationale,
        check.fix,
        f'{check.severity.upper()}, since {check.since}',
        tuple(notes),
    )
