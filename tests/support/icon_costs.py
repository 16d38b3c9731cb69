"""Documents that are slow to draw, on either side of the limits."""

from __future__ import annotations

from icon_attack_parts import SHAPE


def clones(levels: int, times: int) -> str:
    return (
        ''.join(
            f'<g id="a{i}">' + f'<use href="#a{i + 1}"/>' * times + '</g>'
            for i in range(levels)
        )
        + f'<g id="a{levels}">{SHAPE}</g>'
    )


def costly() -> dict[str, str]:
    """Return documents that are slow to draw, by name."""
    turbulence = (
        '<filter id="f" x="-999" y="-999" width="1999" height="1999">'
        '<feTurbulence numOctaves="{0}" baseFrequency=".9"/></filter>'
    )
    blur = '<filter id="f"><feGaussianBlur stdDeviation="{0}"/></filter>'
    filtered = '<rect width="99" height="99" filter="url(#f)"/>'
    big = 'M0 0' + 'L99 99L0 99' * 2_000
    return {
        'clones of clones': clones(30, 4),
        'as many clones as pass': clones(9, 2),
        'a chain of clones': clones(190, 1),
        'noise': turbulence.format(8) + filtered,
        'noise on many shapes': turbulence.format(8) + filtered * 400,
        'as much noise as passes': turbulence.format(8) + filtered * 70,
        'as much blur as passes': blur.format(200) + filtered * 11,
        'as many blurs as pass': blur.format(2) + filtered * 180,
        'too much blur': blur.format(9_000) + filtered * 50,
        'blur on many shapes': blur.format(200) + filtered * 900,
        'filter functions': (
            '<rect width="99" height="99" style="filter:blur(199px)"/>' * 1_000
        ),
        'thick lines': (
            '<filter id="f"><feMorphology operator="dilate" radius="50"/>'
            '</filter>' + filtered * 300
        ),
        'branching filter': (
            '<filter id="f"><feFlood result="a"/>'
            + '<feBlend in="a" in2="a" result="a"/>' * 40
            + '</filter>' + filtered
        ),
        'tiny dashes': (
            '<path stroke="red" stroke-dasharray=".00001" d="M0 0H99999"/>'
        ),
        'as many dashes as pass': (
            '<path stroke="red" stroke-dasharray=".1" d="M0 0H29000"/>'
        ),
        'markers': (
            f'<marker id="m">{SHAPE * 50}</marker>'
            f'<path d="{big}" marker-mid="url(#m)"/>'
        ),
        'patterns in patterns': ''.join(
            f'<pattern id="p{i}" width=".01" height=".01">'
            + f'<rect width="9" height="9" fill="url(#p{i + 1})"/>' * 6
            + '</pattern>' for i in range(9)
        ) + '<rect width="99" height="99" fill="url(#p0)"/>',
        'masks in masks': ''.join(
            f'<mask id="m{i}"><g mask="url(#m{i + 1})">{SHAPE * 3}</g></mask>'
            for i in range(150)
        ) + '<rect width="99" height="99" mask="url(#m0)"/>',
        'layers': (
            '<g opacity=".9" style="mix-blend-mode:multiply">' * 40
            + SHAPE * 500 + '</g>' * 40
        ),
        'groups': '<g>' * 47 + SHAPE + '</g>' * 47,
        'elements': SHAPE * 1_900,
        'a long path': f'<path d="{big * 2}" stroke="red" stroke-width="9"/>',
        'a long path as often as passes': (
            f'<path id="a" d="{big}" stroke="red"/>'
            + '<use href="#a"/>' * 18
        ),
        'far away': (
            '<path stroke="red" stroke-width="1e30" stroke-dasharray="3" '
            'd="M-1e38 0L1e38 1e38" transform="scale(1e30)"/>'
        ),
        'light on many shapes': (
            '<filter id="f"><feSpecularLighting><fePointLight x="9" y="9" '
            'z="9"/></feSpecularLighting></filter>' + filtered * 250
        ),
        'displaced shapes': (
            '<filter id="f"><feTurbulence/><feDisplacementMap '
            'in="SourceGraphic" scale="99"/></filter>' + filtered * 150
        ),
        'thick lines that pass': (
            '<filter id="f"><feMorphology radius="50"/></filter>'
            + filtered * 5
        ),
        'as much convolution as passes': (
            '<filter id="f"><feConvolveMatrix order="9" kernelMatrix="'
            + '1 ' * 81 + '"/></filter>' + filtered * 33
        ),
        'a cycle': '<g id="a"><use href="#a"/></g>',
        'a cycle of patterns': (
            '<pattern id="a" width="1" height="1"><rect fill="url(#b)"/>'
            '</pattern><pattern id="b" width="1" height="1"><rect '
            'fill="url(#a)"/></pattern><rect fill="url(#a)"/>'
        ),
        'a huge convolution': (
            '<filter id="f"><feConvolveMatrix order="9" kernelMatrix="'
            + '1 ' * 81 + '"/></filter>' + filtered * 200
        ),
    }  # fmt: skip
