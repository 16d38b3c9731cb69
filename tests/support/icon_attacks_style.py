"""Attacks by style sheets and by references that fetch."""

from __future__ import annotations

import itertools

from icon_attack_parts import SHAPE, XLINK, data_uri, doc

URLS = {
    'url': 'url(SINK)',
    'quoted': "url('SINK')",
    'escaped': 'u\\72l(SINK)',
    'escaped with zeros': '\\000075rl(SINK)',
    'spaced': 'url( SINK )',
    'upper': 'URL(SINK)',
    'set': "image-set('SINK' 1x)",
    'set of url': 'image-set(url(SINK) 1x)',
    'old set': '-webkit-image-set(url(SINK) 1x)',
    'fragment': 'url(SINK#x)',
    'variable': 'var(--x, url(SINK))',
    'fade': 'cross-fade(url(SINK), url(SINK/b), 50%)',
}
FETCHING = ('background', 'background-image', 'mask', 'mask-image',
            'filter', 'clip-path', 'list-style-image', 'border-image',
            'content', 'cursor', 'fill', 'stroke', 'marker',
            '-webkit-mask-image', '-webkit-box-reflect',
            'shape-outside')  # fmt: skip


def styles():
    for prop in FETCHING:
        forms = (
            URLS
            if prop in {'background-image', 'mask'}
            else {key: URLS[key] for key in ('url', 'escaped', 'fragment')}
        )
        for name, url in forms.items():
            box = 'display:list-item;' if prop.startswith('list') else ''
            style = f'{box}{prop}:{url}'
            yield f'{prop} {name} in the root', '', f'style="{style}"'
        url = URLS['fragment']
        yield (
            f'{prop} in a rule',
            (f'<style>svg,rect{{{prop}:{url}}}</style>{SHAPE}'),
            '',
        )
        if prop in {'mask', 'filter', 'clip-path', 'fill', 'cursor'}:
            yield (
                f'{prop} attribute',
                (f'<rect width="9" height="9" {prop}="{url}"/>'),
                '',
            )
    comments = '<style>svg{background:/**/url(/**/SINK)}</style>'
    yield 'comment in a rule', comments, ''
    yield (
        'variable in a rule',
        ('<style>:root{--u:url(SINK)}svg{background:var(--u)}</style>'),
        '',
    )
    yield 'CDATA', '<style><![CDATA[svg{background:url(SINK)}]]></style>', ''
    yield 'html style', '<h:style>svg{background:url(SINK)}</h:style>', ''
    yield 'nested rule', '<style>svg{&amp;{background:url(SINK)}}</style>', ''
    yield 'media', '<style>@media all{svg{background:url(SINK)}}</style>', ''
    yield (
        'supports',
        (
            '<style>@supports(x:y)or(fill:red){svg{background:url(SINK)}}</style>'
        ),
        '',
    )
    yield 'layer', '<style>@layer a{svg{background:url(SINK)}}</style>', ''
    yield (
        'attribute selector',
        ('<style>[viewBox]{background:url(SINK)}</style>'),
        '',
    )
    yield (
        'keyframes',
        (
            '<style>@keyframes k{from{background:url(SINK)}to{background:'
            'url(SINK)}}svg{animation:k 9s}</style>'
        ),
        '',
    )
    for name, rule in {
        'import': '@import "SINK.css";',
        'import url': '@import url(SINK.css);',
        'import escaped': '@\\69mport "SINK.css";',
        'import in upper case': '@IMPORT "SINK.css";',
        'import in a layer': '@import "SINK.css" layer(x);',
        'import for a medium': '@import "SINK.css" all;',
        'import behind a charset': '@charset "x";@import "SINK.css";',
    }.items():
        yield name, f'<style>{rule}</style>', ''
    face = '@font-face{font-family:e;src:url(SINK)}text{font-family:e}'
    yield 'font', f'<style>{face}</style><text y="9">text</text>', ''
    yield 'linked sheet', '<h:link rel="stylesheet" href="SINK.css"/>', ''
    yield (
        'fetched by font-face in the root rule',
        (f'<style>{face.replace("text{", "svg{")}</style><text>x</text>'),
        '',
    )


def fetches():
    forms = {
        'absolute': 'SINK',
        'without scheme': '//HOST',
        'from the root': '/PATH',
        'relative': 'relative.png',
    }
    for (name, url), attribute in itertools.product(
        forms.items(), ('href', 'xlink:href')
    ):
        yield f'image {attribute}, {name}', f'<image {attribute}="{url}"/>'
        yield (
            f'filter image {attribute}, {name}',
            (
                f'<filter id="f"><feImage {attribute}="{url}"/></filter>'
                '<rect width="9" height="9" filter="url(#f)"/>'
            ),
        )
        yield f'use {attribute}, {name}', f'<use {attribute}="{url}#x"/>'
    yield 'image both', '<image href="SINK" xlink:href="#a"/>'
    yield 'image xml:base', '<g xml:base="SINK/"><image href="x.png"/></g>'
    yield (
        'image by other prefix',
        (f'<image xmlns:z="{XLINK}" z:href="SINK"/>'),
    )
    yield 'old image source', '<image src="SINK"/>'
    yield 'html image in svg', '<h:img src="SINK"/>'
    yield 'picture in text', '<text><h:img src="SINK"/></text>'
    remote = 'href="SINK#x"'
    for name in ('linearGradient', 'radialGradient', 'pattern'):
        yield (
            f'{name} template',
            (
                f'<{name} id="p" {remote}/><rect fill="url(#p)" width="9" '
                'height="9"/>'
            ),
        )
    yield 'text path', f'<text><textPath {remote}>x</textPath></text>'
    yield (
        'motion path',
        (f'<rect><animateMotion><mpath {remote}/></animateMotion></rect>'),
    )
    inner = doc('<image href="SINK"/>')
    yield 'svg in a data image', f'<image href="{data_uri(inner)}"/>'
    yield 'svg in a data clone', f'<use href="{data_uri(inner)}#x"/>'
    yield (
        'svg that says png',
        f'<image href="{data_uri(inner, "image/png")}"/>',
    )
