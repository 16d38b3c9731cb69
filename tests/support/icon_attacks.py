"""Attack documents, grown from tables of classes, payloads and places.

In every document `SINK` stands for an address that the test's own server
watches, `JS` for a statement that asks for it. A request for it, wherever it
comes from, is a hit; so is any other request than for the document itself,
a rule that restyles the page around the picture, and a picture that lies
over it.
"""

from __future__ import annotations

import dataclasses
import itertools

from icon_attack_parts import (
    JS,
    SHAPE,
    SVG,
    XHTML,
    XLINK,
    data_uri,
    doc,
    entity,
)
from icon_attacks_markup import html, leaks, markup, xml
from icon_attacks_style import fetches, styles


@dataclasses.dataclass(frozen=True)
class Attack:
    """One document.

    Attributes:
        kind: Its class; at least one attack of each must be alive.
        name: What it tries.
        body: The document.
    """

    kind: str
    name: str
    body: str


def scripts():
    code = f'<script>{JS}</script>'
    yield 'plain', code
    yield 'CDATA', f'<script><![CDATA[{JS}]]></script>'
    yield 'typed', f'<script type="text/ecmascript">{JS}</script>'
    yield 'module', f'<script type="module">{JS}</script>'
    yield 'remote', '<script href="SINK.js"/>'
    yield 'remote by xlink', '<script xlink:href="SINK.js"></script>'
    yield 'data', f'<script href="data:text/javascript,{entity(JS)}"></script>'
    yield 'html', f'<h:script>{JS}</h:script>'
    yield 'html default namespace', f'<script xmlns="{XHTML}">{JS}</script>'
    yield 'html remote', '<h:script src="SINK.js"></h:script>'
    yield 'foreign prefix', f'<s:script xmlns:s="{SVG}">{JS}</s:script>'
    yield 'upper case', f'<SCRIPT>{JS}</SCRIPT>'
    yield 'entities', f'<script>{entity(JS)}</script>'
    for place in (
        'g',
        'defs',
        'symbol',
        'a',
        'text',
        'title',
        'desc',
        'metadata',
        'switch',
        'pattern',
        'mask',
        'foreignObject',
    ):
        yield f'in {place}', f'<{place}>{code}</{place}>'  # fmt: skip


EVENTS = ('load', 'click', 'mouseover', 'mousemove', 'mousedown', 'mouseup',
          'focusin', 'pointerover', 'keydown', 'wheel')  # fmt: skip
CARRIERS = {
    'svg': '<svg {0}><rect width="9" height="9"/></svg>',
    'g': '<g {0}><rect width="9" height="9"/></g>',
    'rect': '<rect width="9" height="9" {0}/>',
    'path': '<path d="M0 0h9v9z" {0}/>',
    'text': '<text y="9" {0}>text</text>',
    'use': '<rect id="r" width="9" height="9"/><use href="#r" {0}/>',
    'a': '<a {0}><rect width="9" height="9"/></a>',
}


def handlers():
    for event in EVENTS:
        yield f'root on{event}', None, f'on{event}="{JS}"'
    for (name, carrier), event in itertools.product(CARRIERS.items(), EVENTS):
        if event != 'load' or name == 'svg':
            handler = f'on{event}="{JS}"'
            yield f'{name} on{event}', carrier.format(handler), ''
    yield 'image onerror', f'<image href="x:" onerror="{JS}"/>', ''
    yield (
        'image onload',
        (f'<image href="{data_uri(doc(""))}" onload="{JS}"/>'),
        '',
    )
    yield (
        'animation onbegin',
        (f'<rect><animate attributeName="x" dur="1s" onbegin="{JS}"/></rect>'),
        '',
    )
    yield (
        'animation onend',
        (
            '<rect><set attributeName="x" to="1" dur=".01s" '
            f'onend="{JS}"/></rect>'
        ),
        '',
    )
    yield 'style onload', f'<style onload="{JS}">a{{}}</style>', ''
    yield 'script onerror', f'<script href="x:" onerror="{JS}"/>', ''
    yield (
        'focus by autofocus',
        (f'<g autofocus="" tabindex="0" onfocus="{JS}">{SHAPE}</g>'),
        '',
    )
    yield (
        'entity in the handler',
        (f'<rect width="9" height="9" onclick="{entity(JS)}"/>'),
        '',
    )
    yield 'handler by an entity', '<rect width="9" onclick="&amp;#x20;1"/>', ''


def links():
    schemes = {
        'script': 'javascript:{0}',
        'script, mixed case': 'jAvAsCrIpT:{0}',
        'script after a space': ' javascript:{0}',
        'script with a tab': 'java&#9;script:{0}',
        'script with a newline': 'java&#10;script:{0}',
        'script by entities': '&#106;avascript:{0}',
        'script behind a control': '&#x9;javascript:{0}',
    }
    for attribute in ('href', 'xlink:href'):
        for name, scheme in schemes.items():
            url = scheme.format(JS)
            yield f'{name}, {attribute}', f'<a {attribute}="{url}">{SHAPE}</a>'
        yield f'page, {attribute}', f'<a {attribute}="SINK">{SHAPE}</a>'
    yield 'both', f'<a href="SINK" xlink:href="#x">{SHAPE}</a>'
    yield 'other prefix', (f'<a xmlns:z="{XLINK}" z:href="SINK">{SHAPE}</a>')
    yield (
        'in text',
        '<text y="40" font-size="40"><a href="SINK">text</a></text>',
    )
    yield (
        'in a clone',
        (f'<defs><a id="l" href="SINK">{SHAPE}</a></defs><use href="#l"/>'),
    )
    yield 'ping', f'<a href="#" ping="SINK">{SHAPE}</a>'
    yield 'html link', '<h:a href="SINK">link</h:a>'


def animations():
    target = '<a>{0}' + SHAPE + '</a>'
    for name in ('href', 'xlink:href'):
        yield (
            f'set {name}',
            target.format(
                f'<set attributeName="{name}" to="javascript:{JS}"/>'
            ),
        )
        yield (
            f'set {name} to a page',
            target.format(f'<set attributeName="{name}" to="SINK"/>'),
        )
        yield (
            f'animate {name}',
            target.format(
                f'<animate attributeName="{name}" values="SINK" dur="9s"/>'
            ),
        )
    for name in ('image', 'feImage'):
        inner = f'<{name} width="9" height="9">{{0}}</{name}>'
        inner = (
            inner
            if name == 'image'
            else (
                f'<filter id="f">{inner}</filter><rect filter="url(#f)" '
                'width="9" height="9"/>'
            )
        )
        yield (
            f'{name} href',
            inner.format('<set attributeName="href" to="SINK"/>'),
        )
        yield (
            f'{name} href from-to',
            inner.format(
                '<animate attributeName="href" from="SINK" to="SINK/b" '
                'dur="9s"/>'
            ),
        )
    yield (
        'by reference',
        (
            f'<a id="t">{SHAPE}</a>'
            '<set href="#t" attributeName="href" to="SINK"/>'
        ),
    )
    for name in ('filter', 'mask', 'clip-path'):
        yield (
            f'{name}',
            (
                f'<rect width="9" height="9"><set attributeName="{name}" '
                'to="url(SINK#x)"/></rect>'
            ),
        )
    yield (
        'handler',
        (f'<rect width="9"><set attributeName="onclick" to="{JS}"/></rect>'),
    )


CLASSES = {
    'script': scripts,
    'handler': handlers,
    'link': links,
    'animation': animations,
    'style': styles,
    'fetch': fetches,
    'html': html,
    'markup': markup,
    'xml': xml,
    'leak': leaks,
}


def attacks() -> list[Attack]:
    """Return every attack, in the same order each time."""
    found: list[Attack] = []
    for kind, make in CLASSES.items():
        for name, body, *rest in make():
            extra = rest[0] if rest else ''
            head, attributes = (extra, '') if kind == 'xml' else ('', extra)
            text = doc(body or SHAPE, attributes, head)
            found.append(Attack(kind, name, text))
    return found
