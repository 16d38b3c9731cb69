"""`check`, `explain`, `list`: the kit without pytest, and its knowledge."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from imbi_plugin_testkit.commands import BROKEN, OK, complain
from imbi_plugin_testkit.config import PROFILES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from imbi_plugin_testkit.commands.knowledge import Explanation
    from imbi_plugin_testkit.model import Check
    from imbi_plugin_testkit.subject import Subject


def add_check(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `check`."""
    parser.add_argument(
        'name',
        nargs='?',
        help='installed distribution or wheel file; else the project here',
    )
    parser.add_argument(
        '--report',
        action='append',
        default=[],
        metavar='FILE',
        help='also write the report here (.json, .md, .html, .sarif)',
    )
    parser.add_argument('--seed', type=int, default=0, help='of the laws')
    parser.add_argument(
        '--profile',
        choices=sorted(PROFILES),
        help='how hard the laws look (default: as configured)',
    )
    parser.add_argument(
        '--strict', action='store_true', help='count a SHOULD as an error'
    )


def add_explain(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `explain`."""
    parser.add_argument(
        'ids',
        nargs='+',
        metavar='ID',
        help='check (MAN020), secret rule (github), problem code '
        '(icon_bomb, url_scheme), or error code (rate_limited)',
    )


def explain(arguments: argparse.Namespace) -> int:
    """Say what an id is about, why it is there and how to mend it."""
    from imbi_plugin_testkit.commands.knowledge import explained  # noqa: PLC0415

    told: list[Explanation] = []
    for name in arguments.ids:
        found = explained(name)
        if isinstance(found, str):
            return complain(found)
        told.append(found)
    if arguments.json:
        facts = [one.facts() for one in told]
        print(json.dumps(facts if len(facts) > 1 else facts[0], indent=2))
        return OK
    print('\n\n'.join(map(_explanation, told)))
    return OK


def _explanation(found: Explanation) -> str:
    head = f'{found.id}: {found.title}'
    if found.weight:
        head = f'{head}\n{found.weight}'
    paragraphs = (found.rationale, f'Fix: {found.fix}', *found.notes)
    rest = (textwrap.fill(' '.join(one.split()), 79) for one in paragraphs)
    return '\n\n'.join((head, *rest))


def add_list(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `list`."""
    parser.add_argument(
        'words',
        nargs='*',
        metavar='WORD',
        help='only checks with this beginning of an id (MAN), plugin type '
        '(logs) or part of a title (cursor); several narrow it down',
    )


def list_checks(arguments: argparse.Namespace) -> int:
    """Print every check, or those that words choose, one a line."""
    from imbi_plugin_testkit.checks import catalogue  # noqa: PLC0415

    checks = list(catalogue().values())
    for word in arguments.words:
        checks = _chosen(checks, word.lower())
    if not checks:
        return complain(
            f'no check fits {" ".join(arguments.words)!r}. Fix: '
            '`imbi-plugin list` shows every check.'
        )
    if arguments.json:
        rows = [
            {
                'id': check.id,
                'title': check.title,
                'severity': str(check.severity),
            }
            for check in checks
        ]
        print(json.dumps(rows, indent=2))
        return OK
    for check in checks:
        print(f'{check.id:8}{check.severity:8}{check.title}')
    return OK


def _chosen(checks: Sequence[Check], word: str) -> list[Check]:
    """Return what a word names; else, what has it in the title."""
    named = [
        check
        for check in checks
        if check.id.lower().startswith(word) or word in (check.types or ())
    ]
    return named or [one for one in checks if word in one.title.lower()]


def subjects_of(
    name: str | None, profile: str | None = None, *, strict: bool = False
) -> tuple[Subject, ...]:
    """Return what a name on the command line stands for.

    Args:
        name: An installed distribution, the file of a wheel, or None for the
            project here.
        profile: How hard the laws look; None leaves it as configured.
        strict: Whether a SHOULD is an error, also where it is not configured.

    Raises:
        UsageError: There is no such thing.
    """
    from imbi_plugin_testkit import locate  # noqa: PLC0415
    from imbi_plugin_testkit.config import (  # noqa: PLC0415
        read_config,
        read_project,
    )
    from imbi_plugin_testkit.subject import Project  # noqa: PLC0415

    path = Path('pyproject.toml')
    project = Project(path, read_project(path)) if path.is_file() else None
    is_wheel = (name or '').endswith('.whl')
    config = read_config(project.data if project else {})
    config = dataclasses.replace(
        config,
        profile=profile or config.profile,
        strict=strict or config.strict,
    )
    return locate.find_subjects(
        root=Path.cwd(),
        config=config,
        project=project,
        distributions=[name] if name and not is_wheel else [],
        wheels=[Path(name)] if name and is_wheel else [],
    )


def check_plugin(arguments: argparse.Namespace) -> int:
    """Judge an installed distribution, a wheel, or the project here."""
    from imbi_plugin_testkit.config import UsageError  # noqa: PLC0415
    from imbi_plugin_testkit.model import FATAL, Outcome, Verdict  # noqa: PLC0415
    from imbi_plugin_testkit.report import files, text  # noqa: PLC0415
    from imbi_plugin_testkit.runner import Run  # noqa: PLC0415

    try:
        subjects = subjects_of(
            arguments.name, arguments.profile, strict=arguments.strict
        )
        for target in arguments.report:
            files.check_target(Path(target))
    except UsageError as error:
        return complain(str(error))
    runs = [Run([subject], seed=arguments.seed) for subject in subjects]
    for run in runs:
        run.prefetch()
    reports = [run.run() for run in runs]
    for target in arguments.report:
        files.write(Path(target), reports)
    if arguments.json:
        print(files.as_json(reports), end='')
    else:
        from imbi_plugin_testkit.checks import catalogue  # noqa: PLC0415

        told = {*FATAL, Outcome.WARNED, Outcome.WAIVED}
        for report in reports:
            for result in report.results:
                if result.outcome in told:
                    lines = text.failure(result, catalogue()[result.check])
                    print('\n'.join(lines), end='\n\n')
            print('\n'.join(text.verdict(report)))
    verdict = files.joint_verdict(reports)
    return BROKEN if verdict is Verdict.NOT_CONFORMANT else OK
