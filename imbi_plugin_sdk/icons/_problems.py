"""Why an icon is refused: every code, with its title and its remedy."""

from __future__ import annotations

from imbi_plugin_sdk.errors import IconError, Problem

MAX_ICON_BYTES = 65_536
"""Size of the largest icon, in bytes (ADR 0012, section 2: 64 KiB)."""

ICON_PROBLEMS: dict[str, tuple[str, str]] = {
    'icon_missing': (
        'The icon is not there',
        (
            'Name a package that can be imported and a file that is in the '
            'wheel; list the wheel with `python -m zipfile -l` to see.'
        ),
    ),
    'icon_outside_package': (
        'The icon lies outside its package',
        (
            'Put the file into the package and give its path below the '
            "package with '/', as in 'assets/icon.svg'."
        ),
    ),
    'icon_foreign_package': (
        'The icon comes from another distribution',
        'Ship the icon in a package of the plugin itself.',
    ),
    'icon_empty': ('The icon is empty', 'Ship a file with a picture in it.'),
    'icon_too_large': (
        'The icon is too large',
        (
            'Simplify the picture or scale it down; an icon needs no more '
            'than a few kilobytes. For SVG, lower the number of decimals.'
        ),
    ),
    'icon_encoding': (
        'The SVG is not UTF-8',
        'Save the file as UTF-8 without compression.',
    ),
    'icon_not_xml': (
        'The SVG is not well-formed XML',
        (
            'Mend the markup at the named place; `xmllint --noout FILE` shows '
            'the same fault.'
        ),
    ),
    'icon_not_svg': (
        'The root element is not svg',
        'Export the picture as a plain SVG document.',
    ),
    'icon_doctype': (
        'The document type does more than name the format',
        'Remove the DOCTYPE, or export as plain SVG.',
    ),
    'icon_bomb': (
        'The icon expands beyond its limits',
        'Remove the entities, or scale the picture down.',
    ),
    'icon_cycle': (
        'References in the SVG form a cycle',
        (
            'Break the chain at the named place: an element must not draw, '
            'paint or mask with itself.'
        ),
    ),
    'icon_too_complex': (
        'The SVG costs too much to draw',
        (
            'Simplify the picture: fewer elements, less nesting, fewer '
            'clones, patterns and filters.'
        ),
    ),
    'icon_media_type_unknown': (
        'The media type is not admitted',
        'Use image/svg+xml, image/png or image/webp.',
    ),
    'icon_media_type_mismatch': (
        'The file is not what its media type says',
        'Declare the media type that the file really has, or convert it.',
    ),
    'icon_dimensions': (
        'The picture is too large or has no size',
        (
            'Scale it to 1 to 4,096 pixels a side, at most 4 megapixels; '
            '256 by 256 is plenty.'
        ),
    ),
    'icon_animated': (
        'The picture is animated',
        'Export a single frame.',
    ),
    'icon_trailing_data': (
        'Something follows the end of the picture',
        'Export the picture again; nothing may follow its last byte.',
    ),
    'icon_png_structure': (
        'The PNG is malformed',
        'Export the picture again, for example with `optipng` or `oxipng`.',
    ),
    'icon_png_checksum': (
        'A checksum of the PNG does not hold',
        (
            'The file is damaged (a line-ending conversion in version control '
            'does this): add it again as binary.'
        ),
    ),
    'icon_png_pixels': (
        "The PNG's pixel data does not match its header",
        'Export the picture again.',
    ),
    'icon_webp_structure': (
        'The WebP is malformed',
        'Export the picture again with `cwebp`.',
    ),
    'icon_jpeg_structure': (
        'The JPEG inside the SVG is malformed',
        'Export the picture again, or draw it as vectors.',
    ),
}
"""Every problem code of this package: its title and how to mend it."""


def problem(code: str, path: str, message: str) -> Problem:
    """Return the finding `code`, with its remedy from the table."""
    return Problem(code, path, message, ICON_PROBLEMS[code][1])


def refusal(code: str, message: str, path: str = '') -> IconError:
    """Return the error to raise: one problem about the icon.

    `path` is `line:column` in the input where there are lines.
    """
    return IconError('icon', [problem(code, path, message)])
