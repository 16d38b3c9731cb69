"""What attack documents are put together from."""

from __future__ import annotations

import base64

SVG = 'http://www.w3.org/2000/svg'
XLINK = 'http://www.w3.org/1999/xlink'
XHTML = 'http://www.w3.org/1999/xhtml'
JS = "new Image().src='SINK'"
SHAPE = '<rect width="90" height="90"/>'


def doc(body: str, attributes: str = '', head: str = '') -> str:
    return (
        f'{head}<svg xmlns="{SVG}" xmlns:xlink="{XLINK}" '
        f'xmlns:h="{XHTML}" viewBox="0 0 99 99" width="99" height="99" '
        f'{attributes}>{body}</svg>'
    )


def entity(text: str) -> str:
    return (
        text.replace('&', '&amp;').replace('"', '&quot;').replace('<', '&lt;')
    )


def data_uri(body: str, media_type: str = 'image/svg+xml') -> str:
    coded = base64.b64encode(body.encode()).decode()
    return f'data:{media_type};base64,{coded}'
