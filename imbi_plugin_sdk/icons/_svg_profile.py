"""The allowlist: which elements, attributes and properties an icon may have.

Pure data. A value is either the name of a grammar in `_grammar.GRAMMARS` or a
tuple of the keywords that are admitted. Whatever is not in these tables is
not in the output; the tables of `_svg_grades` only decide how loudly that is
said. Names come from SVG 2 (with SVG 1.1's filters) and CSS Masking.
"""

from __future__ import annotations

from imbi_plugin_sdk.icons._svg_filters import (
    BLEND_MODES,
    BOX,
    FILTER_ELEMENTS,
    Rule,
)

SVG = 'http://www.w3.org/2000/svg'
XLINK = 'http://www.w3.org/1999/xlink'
XML = 'http://www.w3.org/XML/1998/namespace'
XHTML = 'http://www.w3.org/1999/xhtml'

# Keywords of presentation attributes match without regard to case, as in CSS,
# and are written as they are spelt here: some renderers do compare case.
_LINE_CAP = ('butt', 'round', 'square')
_LINE_JOIN = ('miter', 'round', 'bevel', 'miter-clip', 'arcs')
_FILL_RULE = ('nonzero', 'evenodd')
_MASK_TYPE = ('luminance', 'alpha')
_COLOR_SPACE = ('auto', 'sRGB', 'linearRGB')
_RENDERING = ('auto', 'optimizeSpeed', 'crispEdges', 'geometricPrecision')
_IMAGE_RENDERING = (
    'auto',
    'optimizeSpeed',
    'optimizeQuality',
    'pixelated',
    'crisp-edges',
    'smooth',
)
_TEXT_RENDERING = (
    'auto',
    'optimizeSpeed',
    'optimizeLegibility',
    'geometricPrecision',
)
_BASELINE = (
    'auto',
    'alphabetic',
    'baseline',
    'before-edge',
    'text-before-edge',
    'middle',
    'central',
    'after-edge',
    'text-after-edge',
    'ideographic',
    'hanging',
    'mathematical',
    'text-top',
    'text-bottom',
    'use-script',
    'no-change',
    'reset-size',
    'top',
    'center',
    'bottom',
)
_WEIGHT = (
    'normal',
    'bold',
    'bolder',
    'lighter',
    *(str(weight) for weight in range(100, 1000, 50)),
)
_STRETCH = (
    'normal',
    'ultra-condensed',
    'extra-condensed',
    'condensed',
    'semi-condensed',
    'semi-expanded',
    'expanded',
    'extra-expanded',
    'ultra-expanded',
)
PRESENTATION: dict[str, Rule] = {
    'alignment-baseline': _BASELINE,
    'baseline-shift': 'baseline_shift',
    'clip-path': 'layer',
    'clip-rule': _FILL_RULE,
    'color': 'color',
    'color-interpolation': _COLOR_SPACE,
    'color-interpolation-filters': _COLOR_SPACE,
    'color-rendering': ('auto', 'optimizeSpeed', 'optimizeQuality'),
    'direction': ('ltr', 'rtl'),
    # Whether something is drawn is all that an icon can say with `display`.
    'display': 'display',
    'dominant-baseline': _BASELINE,
    'fill': 'paint',
    'fill-opacity': 'opacity',
    'fill-rule': _FILL_RULE,
    'filter': 'filter',
    'flood-color': 'color',
    'flood-opacity': 'opacity',
    'font-family': 'font_family',
    'font-size': 'font_size',
    'font-stretch': _STRETCH,
    'font-style': ('normal', 'italic', 'oblique'),
    'font-variant': ('normal', 'small-caps'),
    'font-weight': _WEIGHT,
    'image-rendering': _IMAGE_RENDERING,
    'letter-spacing': 'spacing',
    'lighting-color': 'color',
    'marker-end': 'reference',
    'marker-mid': 'reference',
    'marker-start': 'reference',
    'mask': 'layer',
    'mask-type': _MASK_TYPE,
    'opacity': 'opacity',
    'overflow': ('visible', 'hidden', 'scroll', 'auto', 'clip'),
    'paint-order': 'paint_order',
    'shape-rendering': _RENDERING,
    'stop-color': 'color',
    'stop-opacity': 'opacity',
    'stroke': 'paint',
    'stroke-dasharray': 'dashes',
    'stroke-dashoffset': 'length',
    'stroke-linecap': _LINE_CAP,
    'stroke-linejoin': _LINE_JOIN,
    'stroke-miterlimit': 'miter_limit',
    'stroke-opacity': 'opacity',
    'stroke-width': 'length',
    'text-anchor': ('start', 'middle', 'end'),
    'text-decoration': 'decoration',
    'text-rendering': _TEXT_RENDERING,
    'transform': 'transform',
    'transform-origin': 'origin',
    'unicode-bidi': ('normal', 'embed', 'bidi-override', 'isolate'),
    'vector-effect': ('none', 'non-scaling-stroke'),
    'visibility': ('visible', 'hidden', 'collapse'),
    'word-spacing': 'spacing',
    'writing-mode': (
        'lr-tb',
        'rl-tb',
        'tb-rl',
        'lr',
        'rl',
        'tb',
        'horizontal-tb',
        'vertical-rl',
        'vertical-lr',
    ),
}
"""Presentation attributes; every element may have them."""

OPEN = frozenset(
    {
        'font-stretch',
        'font-style',
        'font-variant',
        'font-weight',
        'image-rendering',
        'overflow',
        'text-rendering',
        'unicode-bidi',
        'writing-mode',
    }
)
"""Properties of which renderers know more words than icons need."""

STYLE_ONLY: dict[str, tuple[str, ...]] = {
    'isolation': ('auto', 'isolate'),
    # It has an attribute too, which some renderers do not read.
    'mask-type': _MASK_TYPE,
    'mix-blend-mode': BLEND_MODES,
    'transform-box': ('view-box', 'fill-box', 'stroke-box', 'border-box'),
}
"""Properties that stay in a rebuilt `style`: most have no attribute."""

CSS_WIDE = ('inherit', 'initial', 'unset')
"""Keywords that any property may have."""

_UNITS = ('userSpaceOnUse', 'objectBoundingBox')
_ASPECT: dict[str, Rule] = {'preserveAspectRatio': 'aspect_ratio'}
_TEXT: dict[str, Rule] = {
    'x': 'length_list',
    'y': 'length_list',
    'dx': 'length_list',
    'dy': 'length_list',
    'rotate': 'number_list',
    'textLength': 'length',
    'lengthAdjust': ('spacing', 'spacingAndGlyphs'),
}
_GRADIENT: dict[str, Rule] = {
    'gradientUnits': _UNITS,
    'gradientTransform': 'transform',
    'spreadMethod': ('pad', 'reflect', 'repeat'),
    'href': 'href',
}
ELEMENTS: dict[str, dict[str, Rule]] = {
    'svg': {**BOX, **_ASPECT, 'viewBox': 'view_box'},
    'g': {},
    'defs': {},
    'symbol': {
        **BOX,
        **_ASPECT,
        'viewBox': 'view_box',
        'refX': 'length',
        'refY': 'length',
    },
    'use': {**BOX, 'href': 'href'},
    'path': {'d': 'path', 'pathLength': 'path_length'},
    'rect': {
        **BOX,
        'rx': 'radius',
        'ry': 'radius',
        'pathLength': 'path_length',
    },
    'circle': {
        'cx': 'length',
        'cy': 'length',
        'r': 'length',
        'pathLength': 'path_length',
    },
    'ellipse': {
        'cx': 'length',
        'cy': 'length',
        'rx': 'radius',
        'ry': 'radius',
        'pathLength': 'path_length',
    },
    'line': {
        'x1': 'length',
        'y1': 'length',
        'x2': 'length',
        'y2': 'length',
        'pathLength': 'path_length',
    },
    'polyline': {'points': 'points', 'pathLength': 'path_length'},
    'polygon': {'points': 'points', 'pathLength': 'path_length'},
    'linearGradient': {
        **_GRADIENT,
        'x1': 'length',
        'y1': 'length',
        'x2': 'length',
        'y2': 'length',
    },
    'radialGradient': {
        **_GRADIENT,
        'cx': 'length',
        'cy': 'length',
        'r': 'length',
        'fx': 'length',
        'fy': 'length',
        'fr': 'length',
    },
    'stop': {'offset': 'opacity'},
    'pattern': {
        **BOX,
        **_ASPECT,
        'viewBox': 'view_box',
        'patternUnits': _UNITS,
        'patternContentUnits': _UNITS,
        'patternTransform': 'transform',
        'href': 'href',
    },
    'clipPath': {'clipPathUnits': _UNITS},
    'mask': {**BOX, 'maskUnits': _UNITS, 'maskContentUnits': _UNITS},
    'marker': {
        **_ASPECT,
        'viewBox': 'view_box',
        'refX': 'marker_position',
        'refY': 'marker_position',
        'markerWidth': 'length',
        'markerHeight': 'length',
        'markerUnits': ('userSpaceOnUse', 'strokeWidth'),
        'orient': 'orient',
    },
    'text': _TEXT,
    'tspan': _TEXT,
    'textPath': {
        'href': 'href',
        'startOffset': 'length',
        'method': ('align', 'stretch'),
        'spacing': ('auto', 'exact'),
        'side': ('left', 'right'),
        'textLength': 'length',
        'lengthAdjust': ('spacing', 'spacingAndGlyphs'),
    },
    'image': {**BOX, **_ASPECT, 'href': 'image'},
    'filter': {**BOX, 'filterUnits': _UNITS, 'primitiveUnits': _UNITS},
    **FILTER_ELEMENTS,
}
"""Elements with the attributes that each has of its own."""

TEXT_ELEMENTS = frozenset({'text', 'tspan', 'textPath'})
"""Where character data is part of the picture."""

REWRITTEN = frozenset({'a', 'switch', 'style'})
"""Read for what they mean, never written: see `_clean` and `_css`."""
