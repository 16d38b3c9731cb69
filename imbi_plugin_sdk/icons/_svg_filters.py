"""The allowlist's filter primitives (Filter Effects 1), as pure data.

Not among them: `feImage`, which fetches.
"""

from __future__ import annotations

from typing import TypeAlias

Rule: TypeAlias = 'str | tuple[str, ...]'
"""The name of a grammar, or the keywords that are admitted."""

BLEND_MODES = (
    'normal',
    'multiply',
    'screen',
    'overlay',
    'darken',
    'lighten',
    'color-dodge',
    'color-burn',
    'hard-light',
    'soft-light',
    'difference',
    'exclusion',
    'hue',
    'saturation',
    'color',
    'luminosity',
)

BOX: dict[str, Rule] = {
    'x': 'length',
    'y': 'length',
    'width': 'size',
    'height': 'size',
}
_PRIMITIVE: dict[str, Rule] = {**BOX, 'result': 'filter_name'}
_INPUT: dict[str, Rule] = {**_PRIMITIVE, 'in': 'filter_name'}
_INPUTS: dict[str, Rule] = {**_INPUT, 'in2': 'filter_name'}
_CHANNEL = ('R', 'G', 'B', 'A')
_EDGE = ('duplicate', 'wrap', 'none')
_TRANSFER: dict[str, Rule] = {
    'type': ('identity', 'table', 'discrete', 'linear', 'gamma'),
    'tableValues': 'number_list',
    'slope': 'number',
    'intercept': 'number',
    'amplitude': 'number',
    'exponent': 'number',
    'offset': 'number',
}

FILTER_ELEMENTS: dict[str, dict[str, Rule]] = {
    'feBlend': {**_INPUTS, 'mode': BLEND_MODES},
    'feColorMatrix': {
        **_INPUT,
        'type': ('matrix', 'saturate', 'hueRotate', 'luminanceToAlpha'),
        'values': 'number_list',
    },
    'feComponentTransfer': _INPUT,
    'feFuncR': _TRANSFER,
    'feFuncG': _TRANSFER,
    'feFuncB': _TRANSFER,
    'feFuncA': _TRANSFER,
    'feComposite': {
        **_INPUTS,
        'operator': (
            'over',
            'in',
            'out',
            'atop',
            'xor',
            'lighter',
            'arithmetic',
        ),
        'k1': 'number',
        'k2': 'number',
        'k3': 'number',
        'k4': 'number',
    },
    'feConvolveMatrix': {
        **_INPUT,
        'order': 'kernel_order',
        'kernelMatrix': 'number_list',
        'divisor': 'number',
        'bias': 'number',
        'targetX': 'kernel_target',
        'targetY': 'kernel_target',
        'edgeMode': _EDGE,
        'preserveAlpha': ('true', 'false'),
    },
    'feDiffuseLighting': {
        **_INPUT,
        'surfaceScale': 'number',
        'diffuseConstant': 'number',
    },
    'feDisplacementMap': {
        **_INPUTS,
        'scale': 'number',
        'xChannelSelector': _CHANNEL,
        'yChannelSelector': _CHANNEL,
    },
    'feDistantLight': {'azimuth': 'number', 'elevation': 'number'},
    'feDropShadow': {
        **_INPUT,
        'dx': 'number',
        'dy': 'number',
        'stdDeviation': 'deviation',
    },
    'feFlood': _PRIMITIVE,
    'feGaussianBlur': {
        **_INPUT,
        'stdDeviation': 'deviation',
        'edgeMode': _EDGE,
    },
    'feMerge': _PRIMITIVE,
    'feMergeNode': {'in': 'filter_name'},
    'feMorphology': {
        **_INPUT,
        'operator': ('erode', 'dilate'),
        'radius': 'morphology',
    },
    'feOffset': {**_INPUT, 'dx': 'number', 'dy': 'number'},
    'fePointLight': {'x': 'number', 'y': 'number', 'z': 'number'},
    'feSpecularLighting': {
        **_INPUT,
        'surfaceScale': 'number',
        'specularConstant': 'number',
        'specularExponent': 'number',
    },
    'feSpotLight': {
        'x': 'number',
        'y': 'number',
        'z': 'number',
        'pointsAtX': 'number',
        'pointsAtY': 'number',
        'pointsAtZ': 'number',
        'specularExponent': 'number',
        'limitingConeAngle': 'number',
    },
    'feTile': _INPUT,
    'feTurbulence': {
        **_PRIMITIVE,
        'baseFrequency': 'frequency',
        'numOctaves': 'octaves',
        'seed': 'number',
        'stitchTiles': ('stitch', 'noStitch'),
        'type': ('fractalNoise', 'turbulence'),
    },
}
"""Filter primitives with the attributes that each has of its own."""
