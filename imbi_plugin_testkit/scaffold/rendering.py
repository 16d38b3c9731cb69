"""From an order to the text of every file."""

from __future__ import annotations

import functools
import importlib.resources
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_testkit.scaffold import Order

HOME = 'imbi_plugin_testkit.scaffold'

CATEGORIES: Mapping[str, str] = {
    'configuration': 'configuration',
    'logs': 'logging',
    'identity': 'identity',
    'deployment': 'deployment',
    'analysis': 'code_quality',
    'incidents': 'incident_management',
}
"""Plugin type to the category of a service that has this plugin alone."""

AN = frozenset({'identity', 'analysis', 'incidents'})
"""Types that take `an`."""

_MARKER = re.compile(r' *#: (if|end)(?: (\w+))?')
_NAME = re.compile(r'\$([a-z]+)\b')


def files_of(order: Order) -> dict[str, str]:
    """Return the path of each file, with slashes, and its text."""
    package, words = f'src/{order.package}', _words(order)
    plan = {
        '.github/workflows/plugin.yml': 'plugin.yml',
        '.gitignore': 'gitignore',
        'README.md': 'README.md',
        'pyproject.toml': 'pyproject.toml',
        f'{package}/__init__.py': 'package/init.py',
        f'{package}/assets/icon.svg': 'icon.svg',
        f'{package}/manifest.py': 'package/manifest.py',
        'tests/sandbox.py': 'tests/sandbox.py',
        'tests/test_manifest.py': 'tests/test_manifest.py',
    }
    if 'calls' in words:
        plan[f'{package}/client.py'] = 'package/client.py'
        plan['tests/memory.py'] = 'tests/memory.py'
    for kind in order.kinds:
        plan[f'{package}/{kind}.py'] = f'package/{kind}.py'
        plan[f'tests/sandbox_{kind}.py'] = f'tests/sandbox_{kind}.py'
        if kind != 'connection':
            plan[f'tests/test_{kind}.py'] = f'tests/test_{kind}.py'
    if 'deployment' in words:
        answers = 'deployment_answers.py'
        plan[f'{package}/{answers}'] = f'package/{answers}'
    facts = _facts(order)
    files = {f'{package}/py.typed': '', 'tests/__init__.py': ''}
    for path, template in plan.items():
        kind = template.rpartition('/')[2].partition('.')[0]
        kind = kind.removeprefix('sandbox_').removeprefix('test_')
        own = {'slug': order.slug(kind)} if kind in order.kinds else {}
        files[path] = _render(_template(template), words, {**facts, **own})
    return dict(sorted(files.items()))


def _words(order: Order) -> frozenset[str]:
    """Return what templates may ask for with `#: if`."""
    kinds = set(order.kinds)
    found: set[str] = set(kinds)
    if kinds - {'identity'}:
        found.add('token')
    if kinds - {'connection'}:
        found.add('calls')
    if kinds - {'connection', 'identity'}:
        found.add('bearer')
    return frozenset(found)


def _facts(order: Order) -> dict[str, str]:
    """Return what stands behind the `$` names of the templates."""
    kinds = order.kinds
    only = kinds[0] if len(kinds) == 1 else ''
    return {
        'name': order.name,
        'distribution': order.distribution,
        'package': order.package,
        'vendor': order.vendor,
        'category': CATEGORIES.get(only, 'other'),
        'article': (
            f'{"an" if only in AN else "a"} {only} plugin'
            if only
            else f'{len(kinds)} plugins'
        ),
        'sdk': _oldest_sdk(),
        'points': '\n'.join(
            f'{order.slug(kind)} = "{_target(order, kind)}"' for kind in kinds
        ),
        'declared': '\n\n'.join(_declared(order, kind) for kind in kinds),
        'table': '\n'.join(
            ['| Plugin | Type |', '|---|---|']
            + [f'| `{order.slug(kind)}` | {kind} |' for kind in kinds]
        ),
        'handlers': '\n'.join(
            f'from {order.package}.{kind} import {_class(kind)}'
            for kind in sorted(kinds)
        ),
        'handlerrows': '\n'.join(
            f'    {_class(kind)}.manifest.slug: {_class(kind)},'
            for kind in kinds
        ),
        'sandboxes': '\n'.join(
            f'from tests.sandbox_{kind} import {_class(kind)}Sandbox'
            for kind in sorted(kinds)
        ),
        'sandboxrows': '\n'.join(
            f'    "{kind}": {_class(kind)}Sandbox,' for kind in kinds
        ),
    }


def _class(kind: str) -> str:
    return kind.capitalize()


def _target(order: Order, kind: str) -> str:
    return f'{order.package}.{kind}:{_class(kind)}'


def _declared(order: Order, kind: str) -> str:
    """Return the table of one plugin in `[tool.imbi.plugin]`."""
    head = (
        '[tool.imbi.plugin]'
        if len(order.kinds) == 1
        else '[[tool.imbi.plugin.plugins]]'
    )
    return (
        f'{head}\n'
        f'slug = "{order.slug(kind)}"\n'
        f'name = "{order.vendor} {kind}"\n'
        f'plugin-type = "{kind}"\n'
        'api-version = 1\n'
        f'entry-point = "{_target(order, kind)}"'
    )


def _oldest_sdk() -> str:
    """Return major and minor version of the SDK that is here."""
    from imbi_plugin_sdk import __version__  # noqa: PLC0415  read on use

    major, minor = __version__.split('.')[:2]
    return f'{major}.{minor},<{int(major) + 1}'


@functools.cache
def _template(name: str) -> str:
    home = importlib.resources.files(HOME) / 'templates'
    return home.joinpath(*f'{name}.tmpl'.split('/')).read_text('utf-8')


def _render(
    template: str, words: frozenset[str], facts: Mapping[str, str]
) -> str:
    """Return a template with its parts chosen and its names filled in.

    Lines between `#: if WORD` and `#: end` stay where the word is known;
    each `$name` in lower case is filled in.
    """
    kept: list[str] = []
    open_: list[bool] = []
    for line in template.splitlines():
        marker = _MARKER.fullmatch(line)
        if marker is None:
            if all(open_):
                kept.append(line)
        elif marker[1] == 'if':
            open_.append(marker[2] in words)
        else:
            open_.pop()
    text = ''.join(f'{line}\n' for line in kept)
    return _NAME.sub(lambda found: facts[found[1]], text)
