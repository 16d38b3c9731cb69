"""The preview as one HTML page, without script and without any request.

Everything in it comes from a stranger's manifest, so that all of it is
escaped, and the page's policy forbids scripts altogether. URLs are shown and
not linked: who reads this has not agreed to visit anything yet.
"""

from __future__ import annotations

import functools
import html
from importlib import resources
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import counted
from imbi_plugin_testkit.report.html import hashed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Facts = Mapping[str, Any]

SIZES = (16, 24, 32, 64, 128)
"""Pixels at which an admin page shows icons: list, tab, card, page, print."""

INPUTS = {
    'boolean': 'checkbox',
    'integer': 'number',
    'secret': 'password',
    'string': 'text',
}
"""Type of an option to the type of its input; another one is a text area."""


def render(data: Facts) -> str:
    """Return the page of what `Preview.data` returned."""
    return '\n'.join(_page(data)) + '\n'


@functools.cache
def style() -> str:
    """Return the page's style sheet."""
    home = resources.files('imbi_plugin_testkit.preview')
    return (home / 'page.css').read_text('utf-8')


def policy() -> str:
    """Return the page's Content Security Policy."""
    return '; '.join(
        [
            "default-src 'none'",
            'img-src data:',
            f"style-src '{hashed(style())}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _e(text: object) -> str:
    return html.escape(str(text), quote=True)


def _page(data: Facts) -> Iterator[str]:
    distribution = data['distribution']
    title = f'{distribution["name"]} {distribution["version"]}'
    yield '<!doctype html>'
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield (
        f'<meta http-equiv="Content-Security-Policy" content="{_e(policy())}">'
    )
    yield '<meta name="viewport" content="width=device-width">'
    yield f'<title>{_e(title)}: what installing it does</title>'
    yield f'<style>{style()}</style></head><body><main>'
    yield f'<h1>{_e(title)}</h1>'
    how = (
        'Read from its static manifest; nothing of it was run.'
        if distribution['static']
        else 'Its modules were imported to read this.'
    )
    yield f'<p class="soft">{how}</p>'
    for name, trouble in data['troubles'].items():
        yield (
            f'<article><h2>{_e(name)}</h2><p class="bad">It cannot be '
            f'shown: {_e(trouble)}</p></article>'
        )
    yield from _plan(data['plan'])
    for plugin in data['plugins']:
        yield from _plugin(plugin)
    yield '</main></body></html>'


def _plan(plan: Facts) -> Iterator[str]:
    yield '<section aria-labelledby="plan"><h2 id="plan">What it does</h2>'
    state = 'blocked' if plan['blocked'] else 'ready'
    yield (
        f'<p>In the organization <code>{_e(plan["organization"])}</code>; '
        f'the plan is {state}.</p>'
    )
    yield '<ul class="plan">'
    for sentence in plan['sentences']:
        kind = _e(sentence['kind'])
        yield (f'<li class="{kind}"><b>{kind}</b> {_e(sentence["text"])}</li>')
    yield '</ul></section>'


def _plugin(plugin: Facts) -> Iterator[str]:
    yield f'<article><h2>{_e(plugin["name"])}</h2>'
    if plugin['description']:
        yield f'<p>{_e(plugin["description"])}</p>'
    yield from _icons(plugin['icons'])
    yield from _facts(
        [
            ('Slug', plugin['slug']),
            ('Type', plugin['plugin_type']),
            ('Contract', plugin['api_version']),
            ('Default scopes', ' '.join(plugin['default_scopes'])),
            ('Follows', ', '.join(_events(plugin))),
            ('Capabilities', '; '.join(plugin['capabilities'])),
            (
                'Data types',
                ', '.join(kind['name'] for kind in plugin['data_types']),
            ),
        ]
    )
    if plugin['service']:
        yield from _service(plugin['service'])
    yield from _form(plugin)
    yield '</article>'


def _events(plugin: Facts) -> Sequence[str]:
    """Return the events that a lifecycle plugin is told; no other is."""
    if plugin['plugin_type'] != 'lifecycle':
        return ()
    events: Sequence[str] = plugin['lifecycle_events']
    return events


def _facts(rows: Iterable[tuple[str, object]]) -> Iterator[str]:
    yield '<dl>'
    for name, value in rows:
        if value:
            yield f'<dt>{_e(name)}</dt><dd>{_e(value)}</dd>'
    yield '</dl>'


def _icons(icons: Sequence[Facts]) -> Iterator[str]:
    for icon in icons:
        field = icon['field'].replace('_', ' ')
        for problem in icon['problems']:
            yield f'<p class="bad">{_e(field)}: {_e(problem)}</p>'
        if not icon.get('data'):
            continue
        images = ''.join(
            f'<img src="{_e(icon["data"])}" width="{size}" height="{size}" '
            f'alt="{_e(field)}, {size} pixels">'
            for size in SIZES
        )
        yield (
            f'<div class="grounds"><p class="light">{images}</p>'
            f'<p class="dark">{images}</p></div>'
        )
        yield (
            f'<p class="soft">{_e(field)}: {_e(icon["media_type"])}, '
            f'{icon["size"]:,} bytes as it is stored.</p>'
        )
        yield from _removals(icon['removals'])


def _removals(removals: Sequence[Facts]) -> Iterator[str]:
    if not removals:
        return
    told = counted(len(removals), 'piece')
    yield f'<details><summary>{told} taken out of the icon</summary>'
    yield from _table(
        ('Place', 'Grade', 'What', 'Why'),
        (
            (
                f'{each["line"]}:{each["column"]}',
                each['grade'],
                each['what'],
                each['why'],
            )
            for each in removals
        ),
    )
    yield '</details>'


def _table(
    head: Sequence[str], rows: Iterable[Sequence[object]]
) -> Iterator[str]:
    cells = ''.join(f'<th scope="col">{_e(cell)}</th>' for cell in head)
    yield f'<div class="scroll"><table><tr>{cells}</tr>'
    for row in rows:
        cells = ''.join(f'<td>{_e(cell)}</td>' for cell in row)
        yield f'<tr>{cells}</tr>'
    yield '</table></div>'


def _service(service: Facts) -> Iterator[str]:
    yield f'<h3>Service: {_e(service["display_name"])}</h3>'
    yield from _facts(
        [
            ('Vendor', service['vendor']),
            ('Template', service['id']),
            ('Category', service['category']),
            ('PKCE', service['use_pkce']),
            ('Default scopes', ' '.join(service['default_scopes'])),
        ]
    )
    for title, rows in (
        ('Addresses', service['endpoints']),
        ('Links', service['links']),
    ):
        if rows:
            yield f'<h3>{title}</h3>'
            yield from _table(
                ('Name', 'URL'), ((row['name'], row['url']) for row in rows)
            )
    if service['variables']:
        yield '<h3>What the addresses leave open</h3>'
        yield from _table(
            ('Variable', 'Kind', 'Label', 'Choices', 'Default'),
            (
                (
                    row['name'],
                    row['kind'],
                    row['label'] or '',
                    ', '.join(row['choices'] or ()),
                    row['default'] or '',
                )
                for row in service['variables']
            ),
        )


def _form(plugin: Facts) -> Iterator[str]:
    """Yield the form as a host will draw it; nothing of it can be sent."""
    prefix = plugin['entry_point']
    if plugin['options']:
        yield '<fieldset><legend>Options</legend>'
        for option in plugin['options']:
            yield from _option(option, f'{prefix}-option-{option["name"]}')
        yield '</fieldset>'
    if plugin['credentials']:
        yield '<fieldset><legend>Credentials</legend>'
        for field in plugin['credentials']:
            secret = {**field, 'type': 'secret', 'default': None}
            yield from _option(secret, f'{prefix}-credential-{field["name"]}')
        yield '</fieldset>'


def _option(option: Facts, name: str) -> Iterator[str]:
    need = ' (required)' if option.get('required') else ''
    hint = f'{name}-hint'
    described = option.get('description')
    by = f' aria-describedby="{_e(hint)}"' if described else ''
    yield '<div class="field">'
    yield f'<label for="{_e(name)}">{_e(option["label"])}{need}</label>'
    yield _input(option, f'id="{_e(name)}"{by}')
    if described:
        yield f'<div class="soft" id="{_e(hint)}">{_e(described)}</div>'
    yield f'<code class="soft">{_e(option["name"])}</code></div>'


def _input(option: Facts, facts: str) -> str:
    default = option.get('default')
    if option.get('choices'):
        choices = ''.join(
            f'<option{" selected" if choice == default else ""}>'
            f'{_e(choice)}</option>'
            for choice in option['choices']
        )
        return f'<select {facts} disabled>{choices}</select>'
    kind = INPUTS.get(str(option['type']))
    shown = '' if default is None else _e(default)
    if kind is None:
        return f'<textarea {facts} readonly>{shown}</textarea>'
    if kind == 'checkbox':
        checked = ' checked' if default is True else ''
        return f'<input type="checkbox" {facts}{checked} disabled>'
    return f'<input type="{kind}" {facts} value="{shown}" readonly>'
