"""How a removal is graded: what could act, what could show, what is noise.

These tables never decide whether something is removed: only `_svg_profile`
does. They decide what the author is told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk.icons import _svg_profile as profile
from imbi_plugin_sdk.icons._svg_filters import FILTER_ELEMENTS

if TYPE_CHECKING:
    from imbi_plugin_sdk.icons._model import Grade

ACTIVE_ELEMENTS = frozenset(
    {
        'script',
        'handler',
        'listener',
        'foreignobject',
        'iframe',
        'object',
        'embed',
        'applet',
        'audio',
        'video',
        'source',
        'track',
        'canvas',
        'html',
        'body',
        'head',
        'meta',
        'link',
        'base',
        'form',
        'input',
        'button',
        'textarea',
        'img',
        'frame',
        'frameset',
        'marquee',
        'animate',
        'animatecolor',
        'animatemotion',
        'animatetransform',
        'set',
        'discard',
        'mpath',
        'feimage',
        'style',
        'a',
    }
)
"""Elements (lower case) that run, fetch, navigate or write attributes."""

_ACTING = ACTIVE_ELEMENTS - {'foreignobject'}

INERT_ELEMENTS = frozenset({'metadata', 'title', 'desc', 'view', 'cursor'})
"""SVG elements that never show."""

_CLIPPED = frozenset({'clip', 'hidden', 'scroll'})
SHOWN_PROPERTIES: dict[str, frozenset[str]] = {
    'all': frozenset(),
    'animation': frozenset({'none'}),
    'animation-name': frozenset({'none'}),
    'block-size': frozenset({'0', 'auto'}),
    'content-visibility': frozenset({'auto', 'visible'}),
    'd': frozenset(),
    'inline-size': frozenset({'0', 'auto'}),
    'mask-image': frozenset({'none'}),
    'offset': frozenset({'none'}),
    'offset-path': frozenset({'none'}),
    'offset-position': frozenset({'auto', 'normal'}),
    'outline': frozenset({'0', 'none'}),
    'outline-style': frozenset({'none'}),
    'overflow-block': _CLIPPED,
    'overflow-inline': _CLIPPED,
    'overflow-x': _CLIPPED,
    'overflow-y': _CLIPPED,
    'rotate': frozenset({'none'}),
    'scale': frozenset({'1', 'none'}),
    'translate': frozenset({'0', 'none'}),
    'will-change': frozenset({'auto', 'opacity', 'transform'}),
    '-webkit-animation': frozenset({'none'}),
    '-webkit-logical-height': frozenset({'0', 'auto'}),
    '-webkit-logical-width': frozenset({'0', 'auto'}),
    '-webkit-mask-box-image': frozenset({'none'}),
    '-webkit-mask-box-image-source': frozenset({'none'}),
    '-webkit-mask-image': frozenset({'none'}),
}
"""Properties that a browser shows, with the values that show nothing.

Found by setting every property that Chromium knows on shapes and text in a
picture; what is on the allowlist is not repeated. All others are editors',
or change by two steps of 255 at most, as what isolates a group does.
"""

SHOWN_TEXT_PROPERTIES: dict[str, frozenset[str]] = {
    'font': frozenset(),
    'font-feature-settings': frozenset({'normal'}),
    'font-kerning': frozenset({'auto', 'normal'}),
    'font-size-adjust': frozenset({'none'}),
    'font-variant-alternates': frozenset({'normal'}),
    'font-variant-caps': frozenset({'normal'}),
    'font-variant-east-asian': frozenset({'normal'}),
    'font-variant-ligatures': frozenset({'normal'}),
    'font-variant-numeric': frozenset({'normal'}),
    'font-variant-position': frozenset({'normal'}),
    'font-variation-settings': frozenset({'normal'}),
    'text-decoration-line': frozenset({'none'}),
    'text-decoration-style': frozenset({'solid'}),
    'text-decoration-thickness': frozenset({'auto'}),
    'text-fit': frozenset({'none'}),
    'text-orientation': frozenset({'mixed'}),
    'text-shadow': frozenset({'none'}),
    'text-transform': frozenset({'none'}),
    'white-space': frozenset({'normal'}),
    'white-space-collapse': frozenset({'collapse'}),
    '-epub-text-transform': frozenset({'none'}),
    '-webkit-locale': frozenset({'auto'}),
    '-webkit-text-orientation': frozenset({'mixed'}),
    '-webkit-text-security': frozenset({'none'}),
    '-webkit-writing-mode': frozenset({'horizontal-tb'}),
}
"""The same for those that show where there is text."""

SHOWN_BOX_PROPERTIES: dict[str, frozenset[str]] = {
    'contain': frozenset({'none'}),
    'float': frozenset({'none'}),
    'position': frozenset({'relative', 'static', 'sticky'}),
}
"""The same for those of text elements only, which have boxes as in HTML."""

_NO_TEXT = frozenset(
    {
        'circle',
        'ellipse',
        'image',
        'line',
        'linearGradient',
        'path',
        'polygon',
        'polyline',
        'radialGradient',
        'rect',
        'stop',
    }
)

_TEMPLATED = ('linearGradient', 'pattern', 'radialGradient')
FAULTS_COUNT: dict[str, frozenset[str]] = {
    **{
        name: frozenset({'x', 'y'})
        for name, own in FILTER_ELEMENTS.items()
        if 'width' in own
    },
    **{name: frozenset(profile.ELEMENTS[name]) for name in _TEMPLATED},
    'ellipse': frozenset({'rx', 'ry'}),
    'feConvolveMatrix': frozenset({'divisor', 'targetX', 'targetY', 'x', 'y'}),
    'image': frozenset({'width', 'height'}),
    'rect': frozenset({'rx', 'ry'}),
    'use': frozenset({'width', 'height'}),
}
"""Attributes that a browser takes for set although their value is a fault.

Then nothing comes from a template, or from what follows where an attribute
is not there. Found by giving every attribute such a value in Chromium.
"""

_BOX_PROPERTIES = re.compile(
    r'(?:-webkit-)?(?:background|border|margin|padding)(?:-.*)?'
)
_BOX_NOTHING = re.compile(r'(?:none|transparent|0(?:px|%)?| )+')

_ACTIVE_VALUE = re.compile(
    r'url\s*\((?!\s*+["\']?\s*+#)|image-set|image\s*\(|element\s*\(|'
    r'src\s*\(|script\s*:|@import|@font-face|expression\s*\(|//|\\|data\s*:',
    re.IGNORECASE,
)
_ACTIVE_PROPERTIES = frozenset({'behavior', '-moz-binding', 'src'})


def grade_element(
    namespace: str, local: str, *, conditional: bool
) -> tuple[Grade, str]:
    """Return the grade of a removed element, and why it went.

    `conditional` tells that it asks for an extension, which none has.
    """
    name = local.lower()
    if name == 'foreignobject' and conditional:
        return 'inert', 'it asks for an extension that no browser has'
    if namespace == profile.XHTML or name in ACTIVE_ELEMENTS:
        return 'active', 'it can run, fetch or change what the page shows'
    if namespace not in {profile.SVG, ''}:
        return 'inert', "it is an editor's data, not part of the picture"
    if name in INERT_ELEMENTS:
        return 'inert', 'it is not part of the picture'
    return 'inert', 'browsers do not draw it'


def acts(namespace: str, local: str) -> bool:
    """Return whether an element acts wherever it stands in a document.

    Scripts run in `<metadata>` as anywhere. Other vocabularies, such as
    Dublin Core, use the same words for what does nothing.
    """
    return namespace in {profile.SVG, profile.XHTML, ''} and (
        local.lower() in _ACTING
    )


def grade_attribute(
    namespace: str, local: str, value: str
) -> tuple[Grade, str]:
    """Return the grade of an attribute that no element may have."""
    name = local.lower()
    if name.startswith('on'):
        return 'active', 'event handlers run script'
    if namespace == profile.XML and name == 'base':
        return 'active', 'it moves where references lead'
    if name == 'href' and value[:1] in {'', '#'}:
        return 'inert', 'nothing here follows it'
    if name in {'href', 'src', 'action', 'formaction', 'srcdoc', 'ping'}:
        return 'active', 'it leads out of the picture'
    if not namespace and is_active_value(value) and _is_property(name):
        return 'active', 'it leads out of the picture'
    return 'inert', 'the attribute is not part of the picture'


def _is_property(name: str) -> bool:
    """Return whether an attribute may be read as a style property."""
    return (
        name in profile.PRESENTATION
        or name in SHOWN_PROPERTIES
        or name in SHOWN_TEXT_PROPERTIES
        or name == 'cursor'
    )


def fault_counts(element: str, attribute: str) -> bool:
    """Return whether an attribute shows even where its value is a fault."""
    return attribute == 'pathLength' or (
        attribute in FAULTS_COUNT.get(element, ())
    )


def grade_property(element: str, name: str, value: str) -> tuple[Grade, str]:
    """Return the grade of a property that is not on the allowlist."""
    if name in _ACTIVE_PROPERTIES or is_active_value(value):
        return 'active', 'it can fetch or run'
    nothing = SHOWN_PROPERTIES.get(name)
    if element not in _NO_TEXT:
        nothing = SHOWN_TEXT_PROPERTIES.get(name, nothing)
    if element in profile.TEXT_ELEMENTS:
        nothing = SHOWN_BOX_PROPERTIES.get(name, nothing)
    if element == 'svg' and _BOX_PROPERTIES.fullmatch(name):
        shown = _BOX_NOTHING.fullmatch(value) is None
    else:
        shown = nothing is not None and value.lower() not in nothing
    # A custom property can be what `var()` asks for.
    if shown or name.startswith('--'):
        return 'visual', 'the property is not on the allowlist'
    return 'inert', 'a still icon does not show it'


def is_active_value(value: str) -> bool:
    """Return whether a value reaches out of the document, or hides it."""
    return _ACTIVE_VALUE.search(value) is not None
