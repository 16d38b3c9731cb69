"""Attacks by HTML, by markup that parsers read differently, and leaks."""

from __future__ import annotations

import itertools

from icon_attack_parts import JS, SHAPE, entity

HTML = {
    'iframe': '<h:iframe src="SINK"></h:iframe>',
    'iframe of source': '<h:iframe srcdoc="&lt;img src=SINK>"></h:iframe>',
    'iframe of script': f'<h:iframe src="javascript:{JS}"></h:iframe>',
    'image': '<h:img src="SINK"/>',
    'image set': '<h:img srcset="SINK 1x"/>',
    'broken image': f'<h:img src="x:" onerror="{JS}"/>',
    'object': '<h:object data="SINK"></h:object>',
    'embed': '<h:embed src="SINK"/>',
    'video': '<h:video src="SINK" autoplay=""></h:video>',
    'poster': '<h:video poster="SINK"></h:video>',
    'audio': '<h:audio src="SINK" autoplay=""></h:audio>',
    'sheet': '<h:link rel="stylesheet" href="SINK.css"/>',
    'preload': '<h:link rel="preload" as="image" href="SINK"/>',
    'refresh': '<h:meta http-equiv="refresh" content="0;url=SINK"/>',
    'form': '<h:form action="SINK"><h:button>go</h:button></h:form>',
    'focus': f'<h:input autofocus="" onfocus="{JS}"/>',
    'toggle': f'<h:details open="" ontoggle="{JS}">x</h:details>',
    'body': f'<h:body onload="{JS}"><h:b onclick="{JS}">x</h:b></h:body>',
    'script': f'<h:script>{JS}</h:script>',
    'style': '<h:style>*{background:url(SINK)}</h:style><h:p>x</h:p>',
    'inline style': '<h:p style="background:url(SINK)">x</h:p>',
    'track': '<h:video><h:source src="SINK"/></h:video>',
    'input image': '<h:input type="image" src="SINK"/>',
}
WRAPPERS = {
    'foreign object': (
        '<foreignObject width="99" height="99">{0}</foreignObject>'
    ),
    'switch': (
        '<switch><foreignObject width="99" height="99">{0}</foreignObject>'
        '</switch>'
    ),
    'nothing': '{0}',
}


def html():
    for (name, inner), (place, wrapper) in itertools.product(
        HTML.items(), WRAPPERS.items()
    ):
        yield f'{name} in {place}', wrapper.format(inner)


def markup():
    img = entity(f'<img src=x: onerror="{JS}">')
    raw = f'<img src="x:" onerror="{JS}"/>'
    for place in ('title', 'desc', 'foreignObject'):
        yield f'html in {place}', f'<{place}>{raw}</{place}>'
        yield (
            f'style around an end of {place}',
            (
                f'<{place}><style><!--</style>{raw}<!-- --></style></{place}>'
                if place != 'foreignObject'
                else f'<{place}><style>{img}</style>{raw}</{place}>'
            ),
        )
    yield 'breaking out by a paragraph', f'<p>{raw}</p>'
    yield 'breaking out by a table', f'<table><tr><td>{raw}</td></tr></table>'
    yield 'breaking out by a font', f'<font color="red">{raw}</font>'
    yield 'breaking out by a heading', f'<h1>{raw}</h1>'
    yield (
        'math',
        (
            '<math><annotation-xml encoding="text/html">'
            f'{raw}</annotation-xml></math>'
        ),
    )
    yield 'math text', f'<math><mi>{raw}</mi></math>'
    yield (
        'CDATA that is a comment in html',
        (f'<text><![CDATA[><img src="x:" onerror="{JS}">]]></text>'),
    )
    yield (
        'CDATA in a title',
        (f'<title><![CDATA[<img src="x:" onerror="{JS}">]]></title>'),
    )
    yield 'comment that ends early', f'<!--><img src="x:" onerror="{JS}">-->'
    yield (
        'instruction that ends early',
        (f'<?x ><img src="x:" onerror="{JS}"?>'),
    )
    yield 'escaped text in a style', f'<style>{img}</style>'
    yield 'escaped text in text', f'<text>{img}</text>'
    yield 'escaped text in a title', f'<title>{img}</title>'
    yield (
        'quote in a value',
        (f'<text font-family="&quot;>&lt;img src=x: onerror={JS}>">x</text>'),
    )
    yield 'markup in an id', f'<g id="&quot;>{img}"><use href="#x"/></g>'
    yield (
        'markup in a result',
        (f'<filter id="f"><feFlood result="{img}"/></filter>'),
    )
    yield 'noscript', f'<noscript>{raw}</noscript>'
    yield 'template', f'<template>{raw}</template>'


def xml():
    yield 'sheet', '', '<?xml-stylesheet href="SINK.css" type="text/css"?>'
    yield (
        'transformation',
        '',
        ('<?xml-stylesheet href="SINK.xsl" type="text/xsl"?>'),
    )
    yield (
        'handler by an entity',
        ('<rect width="9" height="9" onclick="&js;"/>'),
        f'<!DOCTYPE svg [<!ENTITY js "{JS}">]>',
    )
    yield (
        'script by an entity',
        '<script>&js;</script>',
        (f'<!DOCTYPE svg [<!ENTITY js "{JS}">]>'),
    )
    yield (
        'element by an entity',
        '&el;',
        (
            '<!DOCTYPE svg [<!ENTITY el \'<rect width="9" height="9" '
            f'onclick="{JS.replace(chr(39), "&#38;#39;")}"/>\'>]>'
        ),
    )
    yield (
        'default attribute',
        '<rect width="9" height="9"/>',
        (f'<!DOCTYPE svg [<!ATTLIST rect onclick CDATA "{JS}">]>'),
    )
    yield (
        'reference by an entity',
        '<image href="&u;"/>',
        ('<!DOCTYPE svg [<!ENTITY u "SINK">]>'),
    )
    yield (
        'external entity',
        '<text>&x;</text>',
        ('<!DOCTYPE svg [<!ENTITY x SYSTEM "SINK">]>'),
    )
    yield (
        'inclusion',
        ('<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="SINK"/>'),
        '',
    )
    yield (
        'xml events',
        (
            '<handler xmlns:v="http://www.w3.org/2001/xml-events" '
            f'v:event="load">{JS}</handler>'
        ),
        '',
    )


SELECTORS = ('.canary', '#canary', 'p', '*', 'body', 'html p', 'body > p',
             ':root', ':not(svg)', 'p.canary', '[class]', 'rect, p',
             '::before', ':is(p)')  # fmt: skip


def leaks():
    for selector in SELECTORS:
        rule = f'{selector}{{color:rgb(1,2,3)!important}}'
        yield f'rule for {selector}', f'<style>{entity(rule)}</style>', ''
    yield 'variable', '<style>:root{--canary:1}</style>', ''
    yield 'html style', '<h:style>p{color:red!important}</h:style>', ''
    yield 'clobbered id', '<g id="CONFIG"/>', ''
    yield 'clobbered name', '<h:img name="CONFIG"/>', ''
    yield 'clobbered form', '<h:form id="CONFIG"><h:input/></h:form>', ''
    yield 'id of the page', '<linearGradient id="taken"/>', ''
    yield 'clobbered link', '<a id="CONFIG" href="x">x</a>', ''
    yield 'clobbered clone', '<use id="CONFIG" href="#CONFIG"/>', ''
    huge = 'x="-9000" y="-9000" width="18000" height="18000"'
    yield 'spilling over', f'<rect {huge}/>', 'overflow="visible"'
    spill = 'style="overflow:visible"'
    yield 'spilling over by style', f'<rect {huge}/>', spill
    for name in ('position:fixed;inset:0;width:100%;height:100%',
                 'position:absolute;left:0;top:0;width:999px;height:999px',
                 'transform:scale(30)', 'zoom:30',
                 'margin:-400px;padding:800px',
                 'width:5000px;height:5000px'):  # fmt: skip
        yield f'covering by {name}', SHAPE, f'style="{name}"'
    yield (
        'covering by a rule',
        (
            f'<style>svg{{position:fixed;inset:0;width:100%!important;height:'
            f'100%!important}}</style>'
            f'{SHAPE}'
        ),
        '',
    )
    yield 'covering by a transform', SHAPE, 'transform="scale(30)"'
    yield (
        'covering by a size',
        SHAPE,
        'style="all:unset;position:fixed;inset:-9px"',
    )
