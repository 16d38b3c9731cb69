"""What one text holds, in the slot where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk import _secret_rules
from imbi_plugin_sdk.secret_detector import _names, _shapes, _vendors

if TYPE_CHECKING:
    from imbi_plugin_sdk.secret_detector._model import Kind

MOST_HITS = 8
"""Findings per text; an author who mends these finds the others next."""

GENERIC_LEAST = 20
"""Characters of the body of a token whose vendor is unknown."""

_GENERIC = (
    r'(?<![A-Za-z0-9_-])([A-Za-z][A-Za-z0-9]{1,15}(?:[_-][A-Za-z0-9]{1,12}'
    r'){0,2}?)[_-]([A-Za-z0-9]{20,}+)(?![A-Za-z0-9])'
)
HEX_LEAST = 32
"""Hexadecimal digits of a secret; cloud resources have fewer in their ids."""

PUBLIC_ID = r'[0-7][0-9A-HJKMNP-TV-Z]{25}|00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]'
"""A sortable identifier (ULID) and a trace's parent (W3C Trace Context)."""

_HEX = r'[0-9a-f]+|[0-9A-F]+'
_HEX_ID = r'(?:[a-z]{1,12}-){0,3}(?:[0-9a-f]+|[0-9A-F]+)'
_ESCAPES = ('\\n', '\\r', '\\t')
_PATH_LEADS = ('/', './', '../', '~/')
_SECRETISH = frozenset({
    'api', 'apikey', 'auth', 'key', 'live', 'pat', 'priv', 'private', 'rk',
    'sec', 'secret', 'sk', 'tk', 'tkn', 'token', 'tok',
})  # fmt: skip
_STRUCTURE_MARKS = (
    '-----BEGIN', 'PuTTY', '"kty"', 'eyJ', 'LS0t', 'ewo', '$', '{S', 'MI',
    'MC', 'MH', 'Ci0',
)  # fmt: skip
_HEADER_MARKS = ('earer', 'asic ', 'oken ', 'SSWS', 'pikey ', 'enie', 'ASIC')
_SEPARATORS = str.maketrans(dict.fromkeys('"\'<>()[]{},;|`\\', ' '))


class Hit:
    """One thing that a text holds: rule, kind, place and literal head."""

    __slots__ = ('certain', 'end', 'head', 'kind', 'rule', 'start')

    def __init__(  # noqa: PLR0913, PLR0917  one slot each
        self,
        rule: str,
        kind: Kind,
        start: int,
        end: int,
        head: str = '',
        certain: bool = False,  # noqa: FBT001, FBT002  as above
    ) -> None:
        self.rule = rule
        self.kind: Kind = kind
        self.start = start
        self.end = end
        self.head = head
        self.certain = certain


def scan(text: str, slot: str) -> list[Hit]:
    """Return what a text holds, whatever its field is called.

    Two findings never overlap: a token inside an address or behind a name is
    reported as the token that it is.
    """
    if text.startswith('data:image/'):
        return []  # pixels in base64, which may begin like anything
    if '\\' in text:
        text = _unescaped(text)
    hits: list[Hit] = []
    if _holds_any(text, _STRUCTURE_MARKS):
        _add_structures(hits, text)
    _add_vendors(hits, text)
    if '://' in text:
        _add_addresses(hits, text, slot)
    if slot != 'pattern':
        _add_sentences(hits, text, slot)
    if not hits and '%' in text:
        plain = _unquoted(text)
        if plain != text:
            _add_vendors(hits, plain)
    return hits


def _unescaped(text: str) -> str:
    """Blank escapes out, keeping every other character's place.

    JSON in a text may have one before a token, whose letter is no boundary.
    """
    for escape in _ESCAPES:
        text = text.replace(escape, '  ')
    return text.replace('\\"', '""')


def _holds_any(text: str, marks: tuple[str, ...]) -> bool:
    """Tell whether a text holds a mark; twice as fast as `any` would."""
    for mark in marks:  # noqa: SIM110  as the docstring says
        if mark in text:
            return True
    return False


def _add(hits: list[Hit], hit: Hit) -> None:
    """Add a hit unless a more specific one covers its place."""
    if len(hits) < MOST_HITS and not any(
        hit.start < other.end and other.start < hit.end for other in hits
    ):
        hits.append(hit)


def _add_structures(hits: list[Hit], text: str) -> None:
    """Add keys and tokens that are known by their structure."""
    from imbi_plugin_sdk.secret_detector import _structures  # noqa: PLC0415

    later: list[Hit] = []
    for rule, kind, start, end, head in _structures.find(text):
        if kind == 'private_key':
            _add(hits, Hit(rule, 'private_key', start, end, head))
        else:
            later.append(Hit(rule, 'vendor_format', start, end, head))
    if later:
        _add_vendors(hits, text)
        for hit in later:
            _add(hits, hit)


def _add_vendors(hits: list[Hit], text: str) -> None:
    """Add tokens of the formats in the table."""
    for row, start, end, head, certain in _vendors.find(text):
        columns = row.columns
        kind: Kind = (
            'private_key'
            if columns[_secret_rules.NOTE] == 'private key'
            else 'vendor_format'
        )
        rule = columns[_secret_rules.ID]
        _add(hits, Hit(rule, kind, start, end, head, certain))
        if len(hits) >= MOST_HITS:
            return


def _add_addresses(hits: list[Hit], text: str, slot: str) -> None:
    """Add what addresses carry; a sentence may show how one looks."""
    from imbi_plugin_sdk.secret_detector import _urls  # noqa: PLC0415

    for rule, start, end, made_up in _urls.find(text):
        if not made_up:
            _add(hits, Hit(rule, 'url', start, end))
        elif slot != 'prose':
            _add(hits, Hit(rule, 'placeholder', start, end))


def _add_sentences(hits: list[Hit], text: str, slot: str) -> None:
    """Add what stands behind a scheme, a name or an unknown prefix."""
    if _holds_any(text, _HEADER_MARKS):
        from imbi_plugin_sdk.secret_detector import _structures  # noqa: PLC0415

        for rule, _, start, end, _ in _structures.find_header(text):
            _add(hits, Hit(rule, 'vendor_format', start, end))
    if (
        (slot != 'url' or ';' in text)
        and ('=' in text or ':' in text)
        and _names.mentions_secret(text)
    ):
        from imbi_plugin_sdk.secret_detector import _assignments  # noqa: PLC0415

        prose = slot == 'prose'
        for rule, kind, start, end in _assignments.find(text, prose=prose):
            _add(hits, Hit(rule, kind, start, end))
    if slot != 'url' and len(text) > GENERIC_LEAST:
        _add_generic(hits, text)


def _add_generic(hits: list[Hit], text: str) -> None:
    """Add tokens of vendors that the table does not know."""
    if '://' in text or not ('_' in text or '-' in text):
        return
    plain = _without_uuids(text)
    for match in _shapes.compiled(_GENERIC).finditer(plain):
        lead, body = match.groups()
        words = lead.lower().replace('-', '_').split('_')
        secretish = not _SECRETISH.isdisjoint(words)
        if not secretish and (
            _shapes.compiled(_HEX).fullmatch(body)
            or _shapes.compiled(PUBLIC_ID).fullmatch(body)
            or not _shapes.DIGEST_WORDS.isdisjoint(words)
            or lead.lower().startswith(_shapes.DIGEST_LEADS)
        ):
            continue
        if _shapes.looks_random(body) and not _shapes.is_placeholder(body):
            start, end = match.span()
            _add(hits, Hit('prefixed-token', 'vendor_format', start, end))


def _without_uuids(text: str) -> str:
    """Blank UUIDs out, keeping every other character's place."""
    if text.count('-') < 4:  # noqa: PLR2004  a UUID has four
        return text
    return _shapes.compiled(_shapes.UUID).sub(' ' * 36, text)


def _unquoted(text: str) -> str:
    """Return a text with its percent-encoding taken off."""
    return _shapes.compiled(r'%([0-9A-Fa-f]{2})').sub(
        lambda match: chr(int(match[1], 16)), text
    )


def judge_named(text: str) -> Hit | None:
    """Return the finding for a value whose name says that it is a secret."""
    value = text.strip()
    if not value or _shapes.is_reference(value):
        return None
    judged = value[: _shapes.JUDGED]
    made_up = _shapes.is_placeholder(judged)
    kind: Kind = 'placeholder' if made_up else 'name'
    rule = 'placeholder' if made_up else 'secret-name'
    return Hit(rule, kind, 0, len(value))


def judge_random(text: str) -> Hit | None:
    """Return the finding for a random token in an opaque text."""
    if len(text) < _shapes.SHORTEST_RANDOM:
        return None
    if _shapes.is_exempt(text) or _shapes.is_reference(text):
        return None
    plain = _without_uuids(text)
    if '{' in plain or '<' in plain or '$' in plain or '%' in plain:
        plain = _shapes.compiled(_shapes.TEMPLATE).sub(' ', plain)
    for token in plain.translate(_SEPARATORS).split():
        if len(token) >= _shapes.SHORTEST_RANDOM and _is_random(token):
            return Hit('random-value', 'opaque_value', 0, len(token))
    return None


def _is_random(token: str) -> bool:
    """Tell whether one word of an opaque text is a machine's secret."""
    if '://' in token or _shapes.is_exempt(token):
        return False
    if token.startswith(_PATH_LEADS):
        return any(
            len(part) >= GENERIC_LEAST
            and not _shapes.compiled(_HEX).fullmatch(part)
            and _shapes.looks_random(part)
            for part in token.split('/')
        )
    for part in _shapes.compiled(r'[:@]|=(?=[^=])').split(token):
        if len(part) < _shapes.SHORTEST_RANDOM:
            continue
        if _shapes.compiled(PUBLIC_ID).fullmatch(part) or (
            len(part) < HEX_LEAST and _shapes.compiled(_HEX_ID).fullmatch(part)
        ):
            continue
        if part.islower() and len(part) < GENERIC_LEAST:
            continue
        if _shapes.looks_random(part) and not _shapes.is_placeholder(
            part[: _shapes.JUDGED]
        ):
            return True
    return False


def is_public_name(name: str) -> bool:
    """Tell whether randomness under this name is public by its nature."""
    return bool(name) and _shapes.is_digest_name(name)
