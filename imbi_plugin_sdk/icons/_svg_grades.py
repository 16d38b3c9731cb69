"""How a removal is graded: what could act, what could show, what is noise.

These tables never decide whether something is removed: only `_svg_profile`
does. They decide what the author is told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk.icons import _svg_profile as profile

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

INERT_ELEMENTS = frozenset({'metadata', 'title', 'desc', 'view', 'cursor'})
"""SVG elements that never show."""

INERT_PROPERTIES = frozenset(
    {
        'clip-path-units',
        'color-profile',
        'cursor',
        'enable-background',
        'glyph-orientation-horizontal',
        'glyph-orientation-vertical',
        'kerning',
        'line-height',
        'pointer-events',
        'shape-padding',
        'shape-inside',
        'shape-margin',
        'solid-color',
        'solid-opacity',
        'text-align',
        'text-indent',
        'text-transform',
        'text-orientation',
        'white-space',
        'will-change',
        'user-select',
        '-webkit-user-select',
        'inline-size',
        'order',
        'text-decoration-line',
        'text-decoration-style',
        'text-decoration-color',
        'font-feature-settings',
        'font-kerning',
        'font-variation-settings',
        'font-optical-sizing',
        'font-synthesis',
        'block-progression',
        'marker-knockout',
        'align-items',
        'audio-level',
        'box-sizing',
        'flex',
        'flex-shrink',
        'float',
        'margin',
        'margin-left',
        'margin-right',
        'max-height',
        'max-width',
        'min-height',
        'min-width',
        'position',
        'vertical-align',
        'z-index',
        'buffered-rendering',
        'font-size-adjust',
        'clip',
    }
)
"""Properties that a still icon does not show; editors write them."""

_INERT_PREFIXES = (
    '-inkscape-',
    'inkscape-',
    '-webkit-',
    '-moz-',
    '-ms-',
    'font-variant-',
    'text-decoration-',
    'text-underline-',
)

_ACTIVE_VALUE = re.compile(
    r'url\s*\((?!\s*["\']?\s*#)|image-set|image\s*\(|element\s*\(|src\s*\(|'
    r'script\s*:|@import|@font-face|expression\s*\(|//|\\|data\s*:',
    re.IGNORECASE,
)
_ACTIVE_PROPERTIES = frozenset({'behavior', '-moz-binding', 'src'})


def grade_element(namespace: str, local: str) -> tuple[Grade, str]:
    """Return the grade of a removed element, and why it went."""
    name = local.lower()
    if namespace == profile.XHTML or name in ACTIVE_ELEMENTS:
        return 'active', 'it can run, fetch or change what the page shows'
    if namespace not in {profile.SVG, ''}:
        return 'inert', "it is an editor's data, not part of the picture"
    if name in INERT_ELEMENTS:
        return 'inert', 'it is not part of the picture'
    return 'visual', 'the element is not on the allowlist'


def grade_attribute(
    namespace: str, local: str, value: str
) -> tuple[Grade, str]:
    """Return the grade of an attribute that no element may have."""
    name = local.lower()
    if name.startswith('on'):
        return 'active', 'event handlers run script'
    if namespace == profile.XML and name == 'base':
        return 'active', 'it moves where references lead'
    if name in {'href', 'src', 'action', 'formaction', 'srcdoc', 'ping'}:
        return 'active', 'it leads out of the picture'
    styles = name in profile.PRESENTATION or name in INERT_PROPERTIES
    if styles and not namespace and is_active_value(value):
        return 'active', 'it leads out of the picture'
    return 'inert', 'the attribute is not part of the picture'


def grade_property(name: str, value: str) -> tuple[Grade, str]:
    """Return the grade of a property that is not on the allowlist."""
    if name in _ACTIVE_PROPERTIES or is_active_value(value):
        return 'active', 'it can fetch or run'
    if name in INERT_PROPERTIES or name.startswith(_INERT_PREFIXES):
        return 'inert', 'a still icon does not show it'
    return 'visual', 'the property is not on the allowlist'


def is_active_value(value: str) -> bool:
    """Return whether a value reaches out of the document, or hides it."""
    return _ACTIVE_VALUE.search(value) is not None
