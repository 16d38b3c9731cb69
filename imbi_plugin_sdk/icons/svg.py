"""The SVG sanitizer: parse, match, weigh, write.

Nothing of the input is copied: the output is written from names of the
profile and from values that matched a full grammar. See `_svg_profile` for
what may stay and `_problems` for why a document is refused.
"""

from __future__ import annotations

import hashlib
import re

from imbi_plugin_sdk._text import shown
from imbi_plugin_sdk.icons._budget import Budget
from imbi_plugin_sdk.icons._clean import Cleaner
from imbi_plugin_sdk.icons._model import SanitizedSvg
from imbi_plugin_sdk.icons._node import Node
from imbi_plugin_sdk.icons._parse import (
    MAX_ATTRIBUTES,
    MAX_DEPTH,
    MAX_ELEMENTS,
    parse,
)
from imbi_plugin_sdk.icons._problems import MAX_ICON_BYTES, refusal
from imbi_plugin_sdk.icons._root import fit
from imbi_plugin_sdk.icons._serialize import Writer

SVG_MEDIA_TYPE = 'image/svg+xml'

_PREFIX = re.compile(r'[A-Za-z_][A-Za-z0-9_-]{0,39}').fullmatch


def sanitize_svg(data: bytes, *, id_prefix: str | None = None) -> SanitizedSvg:
    """Return an SVG that neither runs, loads nor leaks in any embedding.

    The result is deterministic and idempotent to the byte. Its ids are
    numbered behind a prefix, by default one derived from the content, so
    that two inlined icons never touch each other or the page.

    Args:
        data: The document as its author made it.
        id_prefix: What ids begin with instead: a letter or `_`, then at
            most 39 letters, digits, `_` or `-`. Two prefixes that differ
            have no id in common.

    Raises:
        IconError: The document is refused; `ICON_PROBLEMS` lists every
            code. A problem's path is `line:column` in the input.
        ValueError: `id_prefix` does not have that form.
    """
    if id_prefix is not None and not _PREFIX(id_prefix):
        raise ValueError(
            f'id_prefix is {shown(id_prefix)}; it must be a letter or _, then '
            'at most 39 letters, digits, _ or -'
        )
    root, source = parse(data)
    cleaner = Cleaner(root, source)
    cleaner.clean()
    frame = fit(root, source)
    _recount(root)
    budget = Budget(root, cleaner.images, source)
    budget.check()
    written = Writer(root, budget.ids, source).write(id_prefix)
    if len(written) > MAX_ICON_BYTES:
        raise refusal(
            'icon_too_large',
            f'The SVG has {len(written):,} bytes once styles are written as '
            f'attributes and ids with a prefix; the limit is '
            f'{MAX_ICON_BYTES:,}.',
        )
    return SanitizedSvg(
        data=written,
        media_type=SVG_MEDIA_TYPE,
        sha256=hashlib.sha256(written).hexdigest(),
        width=frame.width,
        height=frame.height,
        view_box=frame.view_box,
        removals=source.removals(),
    )


def _recount(root: Node) -> None:
    """Hold the output to the limits of the input.

    Rewriting can add a group or attributes; what comes out must go in again.
    """
    elements = 0
    stack = [(root, 1)]
    while stack:
        node, depth = stack.pop()
        elements += 1
        # The id and the style are not in the table.
        attributes = len(node.attributes) + 2
        if (
            elements > MAX_ELEMENTS
            or depth > MAX_DEPTH
            or attributes > MAX_ATTRIBUTES
        ):
            raise refusal(
                'icon_too_complex',
                f'Rewritten, the picture has more than {MAX_ELEMENTS:,} '
                f'elements, {MAX_DEPTH} levels or {MAX_ATTRIBUTES} '
                'attributes of one element.',
            )
        stack += [
            (child, depth + 1)
            for child in node.children
            if isinstance(child, Node)
        ]
