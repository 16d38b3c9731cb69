"""What is refused before a parser sees it: size and encoding."""

from __future__ import annotations

from imbi_plugin_sdk.icons._problems import MAX_ICON_BYTES, refusal
from imbi_plugin_sdk.icons._source import Source


def gate(data: bytes) -> None:
    """Refuse what is too large or not UTF-8 before a parser sees it."""
    size = len(data)
    if size > MAX_ICON_BYTES:
        raise refusal(
            'icon_too_large',
            f'The SVG has {size:,} bytes or more; the limit is '
            f'{MAX_ICON_BYTES:,}.',
        )
    if not data.strip():
        raise refusal('icon_empty', 'The file has no content.')
    if data.startswith(b'\x1f\x8b'):
        raise refusal(
            'icon_encoding', 'The file is compressed with gzip (svgz).'
        )
    if data.startswith((b'\xff\xfe', b'\xfe\xff')) or b'\0' in data:
        raise refusal(
            'icon_encoding',
            'The file is UTF-16 or holds NUL bytes; it must be UTF-8.',
        )
    try:
        data.decode('utf-8')
    except UnicodeDecodeError as error:
        source = Source(data)
        raise refusal(
            'icon_encoding',
            f'Byte {error.start} is not UTF-8.',
            source.path(error.start),
        ) from None
