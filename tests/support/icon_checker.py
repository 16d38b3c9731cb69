"""Judges sanitized icons on its own: no code, table or parser is shared.

Everything that the sanitizer's profile says is spelt out here once more, on
purpose.
"""

from __future__ import annotations

import re
import xml.dom.minidom

from imbi_plugin_sdk.errors import IconError
from imbi_plugin_sdk.icons import MAX_ICON_BYTES, sanitize_svg

SVG = 'http://www.w3.org/2000/svg'
XLINK = 'http://www.w3.org/1999/xlink'
PREFIX = 'pp-'

SHAPES = 'path rect circle ellipse line polyline polygon image'
STRUCTURE = 'svg g defs symbol use pattern clipPath mask marker'
PAINT = 'linearGradient radialGradient stop text tspan textPath filter'
PRIMITIVES = (
    'feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix '
    'feDiffuseLighting feDisplacementMap feDistantLight feDropShadow feFlood '
    'feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode '
    'feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile '
    'feTurbulence'
)
SAFE_ELEMENTS = set(f'{SHAPES} {STRUCTURE} {PAINT} {PRIMITIVES}'.split())
REFERRING = {
    'fill', 'stroke', 'clip-path', 'mask', 'filter', 'marker-start',
    'marker-mid', 'marker-end',
}  # fmt: skip
BAD_NAMES = re.compile(
    r'on.*|class|src|action|formaction|tabindex|cursor|pointer-events|'
    r'xml:base|xml:lang|xlink:.*|xmlns:.*|role|aria-.*|data-.*|target|'
    r'attributeName|begin|dur|to|from|by'
)
STYLE = re.compile(
    r'(?:(?:isolation:(?:auto|isolate|inherit|initial|unset)|'
    r'mask-type:[a-z]+|mix-blend-mode:[a-z-]+|transform-box:[a-z-]+)(?:;|$))+'
)
LOCAL = re.compile(rf'url\(#{PREFIX}\d+\)(?: [#\w(),.%/ +-]+)?')
HREF = re.compile(
    rf'#{PREFIX}\d+|data:image/(?:png|jpeg|webp);base64,[A-Za-z0-9+/]+=*'
)
FORMS = {
    'id': re.compile(rf'{PREFIX}\d+'),
    'style': STYLE,
    'href': HREF,
    'xml:space': re.compile('preserve'),
}
CALLS = {
    'matrix', 'translate', 'scale', 'rotate', 'skewX', 'skewY', 'rgb', 'rgba',
    'hsl', 'hsla', 'hwb', 'lab', 'lch', 'oklab', 'oklch', 'color', 'blur',
    'brightness', 'contrast', 'drop-shadow', 'grayscale', 'hue-rotate',
    'invert', 'opacity', 'saturate', 'sepia', 'url',
}  # fmt: skip


def faults(data: bytes) -> list[str]:
    """Return everything in a sanitized document that must not be there."""
    text = data.decode('utf-8')
    found = []
    if len(data) > MAX_ICON_BYTES:
        found.append('too large')
    if re.search(r'<[!?]|[\0-\x08\x0b-\x1f\x7f-\x9f]', text):
        found.append('markup declaration, instruction or control')
    document = xml.dom.minidom.parseString(data)
    if [node.nodeType for node in document.childNodes] != [1]:
        found.append('something beside the root')
    ids: list[str] = []
    stack = [document.documentElement]
    while stack:
        element = stack.pop()
        found += element_faults(element, ids)
        for child in element.childNodes:
            if child.nodeType == child.ELEMENT_NODE:
                stack.append(child)
            elif child.nodeType != child.TEXT_NODE:
                found.append(f'node {child.nodeType}')
            elif element.tagName not in {'text', 'tspan', 'textPath'}:
                found.append('text that does not show')
    if len(ids) != len(set(ids)):
        found.append('an id twice')
    document.unlink()
    return found


def element_faults(element, ids) -> list[str]:
    found = []
    if element.namespaceURI != SVG or element.tagName not in SAFE_ELEMENTS:
        found.append(f'<{element.tagName}>')
    for name, value in element.attributes.items():
        if name == 'xmlns':
            if value != SVG or element.parentNode.nodeType != 9:
                found.append('a namespace')
            continue
        if name == 'id':
            ids.append(value)
        if name in FORMS:
            if not FORMS[name].fullmatch(value):
                found.append(f'{name} {value}')
        elif BAD_NAMES.fullmatch(name) or ':' in name:
            found.append(name)
        else:
            found += value_faults(name, value)
    return found


def value_faults(name: str, value: str) -> list[str]:
    if re.search(r'[\\<>{}@;`]|//|:\s*//|/\*', value):
        return [f'{name}={value}']
    calls = {call.lower() for call in re.findall(r'([\w-]*)\(', value)}
    if not calls <= {call.lower() for call in CALLS}:
        return [f'{name}={value}']
    if 'url' in value.lower():
        if name in REFERRING and LOCAL.fullmatch(value):
            return []
        if name == 'font-family' or re.fullmatch(r'[\w .:-]+', value):
            return []
        return [f'{name}={value}']
    return []


def check(data: bytes) -> bytes | None:
    """Hold one input to every law; return the output, if there is one."""
    try:
        result = sanitize_svg(data, id_prefix=PREFIX)
    except IconError:
        return None
    assert faults(result.data) == []
    again = sanitize_svg(result.data, id_prefix=PREFIX)
    assert again.data == result.data
    assert (again.width, again.height, again.view_box) == (
        result.width,
        result.height,
        result.view_box,
    )
    assert [r for r in again.removals if r.grade != 'inert'] == []
    return result.data
