"""Every rule by its id, and what there is to say about it."""

from __future__ import annotations

import dataclasses
import functools

from imbi_plugin_sdk import _secret_rules, _text
from imbi_plugin_sdk._secret_rules import (
    BODY,
    ID,
    INNER,
    MINIMUM,
    NOTE,
    STARTS,
    STRENGTH,
    VENDOR,
)
from imbi_plugin_sdk.secret_detector import _examples, _model, _vendors
from imbi_plugin_sdk.secret_detector._examples import Examples

__all__ = ['RULES', 'Examples', 'Explanation', 'Rule', 'explain_rule', 'rule']

_STRENGTHS = {
    'strong': 'The prefix alone is enough.',
    'random': 'The body must look random besides.',
    'whole': (
        'The body must look random besides, and nothing else may stand in '
        'the value.'
    ),
    'structural': 'The structure itself is recognised.',
}

_STRUCTURES: dict[str, tuple[_model.Kind, str, str]] = {
    'authorization': (
        'vendor_format',
        'Credential of an Authorization header',
        'A credential behind Bearer, Basic or a like scheme (RFC 7235).',
    ),
    'connection-string': (
        'url',
        'Password in a connection string',
        'A password or key among the parts of a connection string.',
    ),
    'der': (
        'private_key',
        'Private key in bare base64',
        'Base64 of a PKCS 1, PKCS 8 or SEC 1 private key, without PEM lines.',
    ),
    'jwk': (
        'private_key',
        'Private or symmetric JSON Web Key',
        'A JSON Web Key with its private part `d` or its secret `k` '
        '(RFC 7517).',
    ),
    'jwt': (
        'vendor_format',
        'JSON Web Token',
        'A signed or encrypted token, known by its decoded header (RFC 7519).',
    ),
    'named-value': (
        'name',
        'Secret given a name inside a text',
        'A text that assigns a value to a name like `client_secret`.',
    ),
    'otpauth': (
        'url',
        'One-time password seed',
        'An otpauth address with its secret: it makes one-time passwords.',
    ),
    'password-hash': (
        'vendor_format',
        'Password hash',
        'What is stored in place of a password can be cracked offline.',
    ),
    'pem': (
        'private_key',
        'Private key in PEM',
        'A private key by its header and body (RFC 7468).',
    ),
    'pem-base64': (
        'private_key',
        'Private key in PEM, in base64 again',
        'A key file as CI variables hold it.',
    ),
    'placeholder': (
        'placeholder',
        'Placeholder in a secret place',
        'A value that nobody issued stands where a name says that a secret '
        'goes; somebody will take it for a default.',
    ),
    'prefixed-token': (
        'vendor_format',
        'Random token behind a prefix',
        'The form that vendors give to tokens so that they can be found.',
    ),
    'putty': (
        'private_key',
        'Private key in the format of PuTTY',
        'The private lines of a .ppk file.',
    ),
    'random-value': (
        'opaque_value',
        'Random value',
        'A text whose characters change their class as often as random ones '
        'do, in a field that may hold anything.',
    ),
    'secret-name': (
        'name',
        'Value under a secret name',
        'A value stands where a name says that a secret goes.',
    ),
    'url-query': (
        'url',
        'Secret in the query of an address',
        'A query parameter or fragment with a secret name has a value.',
    ),
    'url-signature': (
        'url',
        'Signed address',
        'Whoever has a signed address may use it until it expires.',
    ),
    'url-userinfo': (
        'url',
        'Password in an address',
        'The part before the host holds a password or token (RFC 3986, '
        'section 3.2.1).',
    ),
}
"""Kind, title and rationale of the rules that are code."""

_WEBHOOK = 'A webhook address is a credential: whoever has it may post to it.'


@dataclasses.dataclass(frozen=True)
class Rule:
    """One rule of the detector.

    Attributes:
        id: Stable name, as in a finding's `rule`.
        kind: Kind of its findings.
        title: What it finds, in a few words.
        rationale: Why that is a secret, or how it is recognised.
        vendor: Who issues it; empty where nobody in particular does.
        starts: Literal beginnings; empty where the format has none.
        pattern: Regular expression of the format; empty where the rule is
            code.
        strength: `strong`, `random`, `whole` or `structural`.
        minimum: Fewest characters of the body.
        note: Its checksum or other peculiarity.
    """

    id: str
    kind: _model.Kind
    title: str
    rationale: str
    vendor: str = ''
    starts: tuple[str, ...] = ()
    pattern: str = ''
    strength: str = 'structural'
    minimum: int = 0
    note: str = ''

    def examples(self, seed: int = 0) -> Examples:
        """Return made-up examples; the same seed gives the same ones."""
        row = _row_of(self.id)
        if row is not None:
            return _examples.of_format(row, seed)
        return _examples.of_structure(self.id, seed)


@dataclasses.dataclass(frozen=True)
class Explanation:
    """What an author needs to know about a rule.

    Attributes:
        rule: The rule's id.
        title: What it finds, in a few words.
        rationale: Why that may not be in a manifest.
        what_to_do: How to mend a finding, and what to do if it is wrong.
    """

    rule: str
    title: str
    rationale: str
    what_to_do: str


@functools.cache
def _rows() -> dict[str, list[str]]:
    """Return the table's rows by id."""
    return {row.columns[ID]: row.columns for row in _vendors.formats()}


def _row_of(rule_id: str) -> list[str] | None:
    """Return a rule's row of the table, or None where it is code."""
    return _rows().get(rule_id)


def _from_row(row: list[str]) -> Rule:
    """Return the rule of one row."""
    starts = row[STARTS]
    note = '' if row[NOTE] == '-' else row[NOTE]
    what = note if note.endswith(('key', 'id')) else 'token or key'
    article = 'an' if row[VENDOR][0] in 'AEIOaeio' else 'a'
    strength = row[STRENGTH]
    return Rule(
        id=row[ID],
        kind='private_key' if note == 'private key' else 'vendor_format',
        title=f'{row[VENDOR]} {what}',
        rationale=(
            f'The value has the form of {article} {row[VENDOR]} {what}. '
            f'{_STRENGTHS[strength]}'
        ),
        vendor=row[VENDOR],
        starts=() if starts.startswith(INNER) else tuple(starts.split()),
        pattern=_secret_rules.pattern(row),
        strength=strength,
        minimum=int(row[MINIMUM]) if row[BODY] != '-' else 0,
        note=note,
    )


def _from_code(rule_id: str) -> Rule:
    """Return one of the rules that are code."""
    if rule_id in _STRUCTURES:
        kind, title, rationale = _STRUCTURES[rule_id]
        return Rule(rule_id, kind, title, rationale)
    title = f'{rule_id.replace("-", " ").capitalize()} address'
    return Rule(rule_id, 'url', title, _WEBHOOK)


RULES: tuple[Rule, ...] = tuple(
    sorted(
        (
            *map(_from_row, _rows().values()),
            *map(_from_code, _examples.STRUCTURES),
        ),
        key=lambda one: one.id,
    )
)
"""Every rule, by id."""


@functools.cache
def _by_id() -> dict[str, Rule]:
    """Return the rules by id."""
    return {one.id: one for one in RULES}


def rule(rule_id: str) -> Rule:
    """Return one rule.

    Raises:
        KeyError: No rule has this id; the message names a close one.
    """
    found = _by_id().get(rule_id)
    if found is None:
        close = _text.did_you_mean(rule_id, _by_id())
        raise KeyError(f'no secret rule is called {rule_id!r}.{close}')
    return found


def explain_rule(rule_id: str) -> Explanation:
    """Return what an author needs to know about a rule.

    Raises:
        KeyError: No rule has this id; the message names a close one.
    """
    one = rule(rule_id)
    _, fix = _model.MESSAGES[one.kind]
    starts = ''
    if one.starts:
        starts = f' It begins with {_text.listed(map(repr, one.starts))}.'
    return Explanation(
        rule=one.id,
        title=one.title,
        rationale=(
            f'{one.rationale}{starts} A manifest is shown to every operator '
            'and lies in every wheel: it carries no secrets (ADR 0012, '
            'section 5).'
        ),
        what_to_do=f'{fix} {_doubt(one.kind)}',
    )


def _doubt(kind: str) -> str:
    """Return what to do about a finding that is wrong."""
    if kind in {'vendor_format', 'private_key'}:
        return (
            'If it is no secret, change the example so that it shows its '
            'form without a body, as in `prefix_...`: findings of this kind '
            'cannot be excepted.'
        )
    return (
        'If it is no secret, except its path, with the reason, in '
        '`secret-exceptions` of `[tool.imbi.testkit]`; a host has no such '
        'door.'
    )


def kinds() -> tuple[_model.Kind, ...]:
    """Return every kind that a rule has, in order of the alphabet."""
    return tuple(sorted({one.kind for one in RULES}))
