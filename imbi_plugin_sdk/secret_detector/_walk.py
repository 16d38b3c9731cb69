"""The walk over a manifest, or over any other JSON-like value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_sdk.secret_detector import _names, _scan, _slots

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from imbi_plugin_sdk.secret_detector import _model

DEEPEST = 1000
"""Levels that are walked; Python's own parsers give up at as many."""

LONGEST_KEY = 64
"""Characters of a free key that a path shows."""

SHORTEST_SCANNED = 10
"""No rule but the names finds anything in a shorter text."""

VALUE_NAMES = frozenset({
    'choices', 'const', 'content', 'default', 'enum', 'example', 'examples',
    'placeholder', 'val', 'value', 'values', 'plaintext',
})  # fmt: skip
"""Fields whose value belongs to the name that stands beside them."""

NAMING_FIELDS = ('name', 'key', 'field', 'variable', 'env')
"""Fields that name what stands beside them."""

DECLARING_FIELDS = frozenset({
    'description', 'label', 'required', 'secret', 'title', 'type', 'kind',
})  # fmt: skip
"""Fields that make a mapping a declaration rather than a set of values."""

SECRET_TYPES = frozenset({'secret', 'password', 'credential', 'token'})
"""Values of `type`, `format` and `kind` that declare a secret."""


class Place:
    """One value, where it stands, and what its surroundings say about it."""

    __slots__ = ('depth', 'known', 'name', 'named', 'path', 'value')

    def __init__(  # noqa: PLR0913, PLR0917  one slot each
        self,
        value: object,
        path: str,
        name: str,
        named: bool,  # noqa: FBT001  as above
        known: _slots.SlotMap | None,
        depth: int,
    ) -> None:
        self.value = value
        self.path = path
        self.name = name
        self.named = named
        self.known = known
        self.depth = depth


def find_secrets(
    data: object, *, slots: _slots.SlotMap | None = None, path: str = ''
) -> tuple[_model.SecretFinding, ...]:
    """Return every secret that a JSON-like value or a model carries.

    Args:
        data: Mappings, sequences and scalars, nested at will; models and
            other objects are read through their fields, also where they were
            made without validation.
        slots: What the fields are, as in `MANIFEST_SLOTS`. Fields that it
            does not know are judged by their name and their value.
        path: What to put before every path, as in `manifest`.

    Returns:
        The findings in the order of the fields, none of them holding a
        value. One text gives several only where it holds several secrets.
    """
    found: list[_model.SecretFinding] = []
    seen: dict[tuple[int, str, bool, int], object] = {}
    stack = [Place(data, path, '', False, slots, 0)]  # noqa: FBT003  not named
    while stack:
        place = stack.pop()
        value = place.value
        if isinstance(value, str):
            _judge(place, value, found)
        elif value is None or isinstance(value, (bool, int, float)):
            continue
        elif place.depth < DEEPEST:
            inside = _open(place, value, found, seen)
            if inside:
                stack += reversed(inside)
    return tuple(found)


def _judge(place: Place, text: str, found: list[_model.SecretFinding]) -> None:
    """Add what one text is or holds."""
    known = place.known
    slot = known.slot if known is not None else None
    if slot is None:
        slot = _slots.infer(place.name, text)
    hits: list[_scan.Hit] = []
    if len(text) >= SHORTEST_SCANNED:
        hits = _scan.scan(text, slot)
    if not hits:
        hit = _scan.judge_named(text) if place.named else None
        if (
            hit is None
            and slot == 'opaque'
            and len(text) >= SHORTEST_SCANNED
            and not _scan.is_public_name(place.name)
        ):
            hit = _scan.judge_random(text)
        if hit is None:
            return
        hits = [hit]
    _report(place.path, slot, hits, found)


def _report(
    path: str,
    slot: _slots.Slot,
    hits: Iterable[_scan.Hit],
    found: list[_model.SecretFinding],
) -> None:
    """Turn hits into findings, each rule once for one text."""
    # A dataclass costs 1 ms to make, and a clean manifest needs none.
    from imbi_plugin_sdk.secret_detector import _model  # noqa: PLC0415

    rules: set[str] = set()
    for hit in hits:
        if hit.rule in rules:
            continue
        rules.add(hit.rule)
        found.append(
            _model.SecretFinding(
                path=path,
                rule=hit.rule,
                kind=hit.kind,
                slot=slot,
                length=hit.end - hit.start,
                head=hit.head,
                certain=hit.certain,
            )
        )


def _open(
    place: Place,
    value: object,
    found: list[_model.SecretFinding],
    seen: dict[tuple[int, str, bool, int], object],
) -> list[Place]:
    """Return the values inside a container, in order."""
    if isinstance(value, (bytes, bytearray)):
        text = bytes(value).decode('utf-8', 'replace')
        _judge(place, text, found)
        return []
    mark = (id(value), place.name, place.named, id(place.known))
    if mark in seen:
        return []
    seen[mark] = value  # held, so that no other object gets its id
    if isinstance(value, (list, tuple, set, frozenset)):
        items = cast('Iterable[object]', value)
        return list(_items(place, items))
    fields = _fields(value)
    if fields is not None:
        return list(_members(place, fields, found))
    if not isinstance(value, type) and not callable(value):
        _judge(place, _text_of(value), found)
    return []


def _text_of(value: object) -> str:
    """Return an unknown scalar's text, or nothing where it has none."""
    reveal = _peek(value, 'get_secret_value')
    try:
        return str(reveal() if callable(reveal) else value)
    except Exception:  # noqa: BLE001  a stranger's __str__ may do anything
        return ''


def _fields(value: object) -> Mapping[object, object] | None:
    """Return a mapping's items or an object's fields, or None."""
    if isinstance(value, dict):
        return cast('dict[object, object]', value)
    if isinstance(value, type) or _peek(value, 'get_secret_value') is not None:
        return None
    fields: dict[object, object] = {}
    for attribute in ('__dict__', '__pydantic_extra__'):
        own = _peek(value, attribute)
        if isinstance(own, dict):
            fields |= {
                name: inside
                for name, inside in cast('dict[str, object]', own).items()
                if not name.startswith('_')
            }
    for name in cast('Any', _peek(value, '__dataclass_fields__') or ()):
        fields.setdefault(name, _peek(value, name))
    return fields or _mapping(value)


def _peek(value: object, attribute: str) -> object:
    """Return an attribute of a stranger's object, or None."""
    try:
        return getattr(value, attribute, None)
    except Exception:  # noqa: BLE001  a property may raise anything
        return None


def _mapping(value: object) -> Mapping[object, object] | None:
    """Return what a mapping that is no dict holds, or None."""
    if _peek(value, 'keys') is not None:
        try:
            return {**cast('Any', value)}
        except Exception:  # noqa: BLE001  a stranger's mapping
            return None
    return None


def _items(place: Place, items: Iterable[object]) -> Iterator[Place]:
    """Yield a list's items; they share the list's name."""
    known = place.known
    inner = known.step(_slots.ITEM) if known is not None else None
    for number, item in enumerate(items):
        named = place.named
        if named and isinstance(item, str) and _names.is_secret_name(item):
            named = False  # a list of names, as in `secrets: [DB_PASSWORD]`
        yield Place(
            item,
            f'{place.path}[{number}]',
            place.name,
            named,
            inner,
            place.depth + 1,
        )


def _members(
    place: Place,
    fields: Mapping[object, object],
    found: list[_model.SecretFinding],
) -> Iterator[Place]:
    """Yield a mapping's values, each with what names it."""
    declared = None
    if not VALUE_NAMES.isdisjoint(cast('Iterable[Any]', fields)):
        declared = _declared(place, fields)
    known = place.known
    is_jwk = 'kty' in fields
    for number, (raw, value) in enumerate(fields.items()):
        key = raw if isinstance(raw, str) else _text_of(raw)
        inner = known.step(key) if known is not None else None
        schema = known is not None and key in known.children
        shown = key
        if not schema:
            shown = _shown(place, key, number, found)
        path = f'{place.path}.{shown}' if place.path else shown
        if is_jwk and key in {'d', 'k'} and isinstance(value, str):
            _report_jwk(path, value, found)
            continue
        if key in VALUE_NAMES and declared is not None:
            name, named = declared
        else:
            name = key
            named = _is_named(place, fields, key, inner, schema=schema)
        yield Place(value, path, name, named, inner, place.depth + 1)


def _declared(
    place: Place, fields: Mapping[object, object]
) -> tuple[str, bool] | None:
    """Return the name that a declaration's default belongs to, if any."""
    name = ''
    for field in NAMING_FIELDS:
        value = fields.get(field)
        if isinstance(value, str):
            name = value
            break
    secret = fields.get('secret') is True or any(
        fields.get(field) in SECRET_TYPES
        for field in ('type', 'format', 'kind')
        if isinstance(fields.get(field), str)
    )
    if not name and not secret:
        if DECLARING_FIELDS.isdisjoint(cast('Iterable[Any]', fields)):
            return None
        name = place.name
    return name, secret or place.named or _names.is_secret_name(name)


def _is_named(
    place: Place,
    fields: Mapping[object, object],
    key: str,
    inner: _slots.SlotMap | None,
    *,
    schema: bool,
) -> bool:
    """Tell whether a free key, or the mapping it is in, says secret."""
    if inner is not None and inner.slot not in {None, 'opaque'}:
        return False
    if schema and inner is not None and inner.slot is None:
        return False  # a part of the schema, as `credentials` is
    if _names.is_secret_name(key):
        return True
    return place.named and DECLARING_FIELDS.isdisjoint(
        cast('Iterable[Any]', fields)
    )


def _shown(
    place: Place,
    key: str,
    number: int,
    found: list[_model.SecretFinding],
) -> str:
    """Return a free key as a path shows it, and report one that is secret."""
    spot = place.known.children.get(_slots.KEY) if place.known else None
    slot = (spot.slot if spot else None) or 'identifier'
    hits: list[_scan.Hit] = []
    if len(key) >= SHORTEST_SCANNED:
        hits = _scan.scan(key, slot)
        if not hits:
            hit = _scan.judge_random(key)
            hits = [hit] if hit is not None else []
    if not hits:
        if len(key) <= LONGEST_KEY and key.isprintable():
            return key
        return f'<key {number}>'
    masked = f'<key {number}>'
    path = f'{place.path}.{masked}' if place.path else masked
    _report(path, slot, hits, found)
    return masked


def _report_jwk(
    path: str, value: str, found: list[_model.SecretFinding]
) -> None:
    """Report the private part of a JSON Web Key (RFC 7517, RFC 7518 §6)."""
    hit = _scan.judge_named(value)
    if hit is not None:
        if hit.kind == 'name':
            hit = _scan.Hit('jwk', 'private_key', 0, len(value))
        _report(path, 'opaque', [hit], found)
