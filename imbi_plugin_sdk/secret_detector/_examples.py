"""Examples of every rule, made when asked for and never stored.

Each rule has a positive, a placeholder and a truncated example, as data that
`find_secrets` takes. The values are random text that no vendor issued.
"""

from __future__ import annotations

import base64
import dataclasses
import random
import string
from typing import TYPE_CHECKING

from imbi_plugin_sdk import _secret_rules
from imbi_plugin_sdk._secret_rules import (
    BODY,
    ID,
    MINIMUM,
    NOTE,
    PREFIX,
    STARTS,
    STRENGTH,
)
from imbi_plugin_sdk.secret_detector import _checksums, _samples

if TYPE_CHECKING:
    from collections.abc import Callable

ALNUM = string.ascii_letters + string.digits
_SHORT = 10  # characters that no format takes for a body

FIELD = 'setting'
"""The field of an example; its name says nothing."""


@dataclasses.dataclass(frozen=True)
class Examples:
    """What one rule must find, and two things that it must not.

    Attributes:
        positive: Data that the rule finds a secret in.
        placeholder: The same with a body that nobody issued: no secret.
        truncated: The same with a body that is too short: nothing at all.
    """

    positive: dict[str, object]
    placeholder: dict[str, object]
    truncated: dict[str, object]


def of_format(row: list[str], seed: int = 0) -> Examples:
    """Return examples of one row of the table."""
    rng = random.Random(f'{row[ID]}/{seed}')  # noqa: S311  examples, not keys
    token = format_token(row, rng)
    dull = _samples.Sampler(rng, dull=True)
    made_up = dull.sample(row[PREFIX])
    least = int(row[MINIMUM])
    if row[BODY] != '-':
        made_up += dull.repeated(_members(row), least)
    short = token[: _start_of(row, token) + min(len(token) // 3, _SHORT)]
    return _framed(row[STRENGTH] == 'whole', token, made_up, short)


def format_token(row: list[str], rng: random.Random) -> str:
    """Return a token of a row's format, as short as the format allows."""
    sampler = _samples.Sampler(rng)
    prefix = sampler.sample(row[PREFIX])
    if row[BODY] == '-':
        return prefix
    body = sampler.repeated(_members(row), int(row[MINIMUM]))
    if row[NOTE] == 'checksum:crc32-base62':
        body = sampler.repeated(ALNUM, 30)
        body += _checksums.crc32_base62(body)
    elif row[NOTE] == 'checksum:crc32-hex':
        body = sampler.repeated(ALNUM, 40)
        body += _checksums.crc32_hex(body)
    return prefix + body


def _start_of(row: list[str], token: str) -> int:
    """Return how many characters of a token are its literal beginning."""
    starts = row[STARTS].split()
    return max(len(one) if token.startswith(one) else 0 for one in starts)


def _members(row: list[str]) -> str:
    """Return the characters that a body is made of, without its padding."""
    members, _ = _samples.characters_of(_secret_rules.BODY_CLASSES[row[BODY]])
    return members.replace('=', '').replace('-', '') or members


def _framed(
    whole: bool,  # noqa: FBT001  read once, right above
    *texts: str,
) -> Examples:
    """Put texts into fields, alone or in a sentence."""
    frame = '{}' if whole else 'Set it to {} once.'
    return _text(*(frame.format(text) for text in texts))


def of_structure(rule_id: str, seed: int = 0) -> Examples:
    """Return examples of one of the rules that are code."""
    rng = random.Random(f'{rule_id}/{seed}')  # noqa: S311  examples, not keys
    return _STRUCTURES[rule_id](rng)


def _text(positive: str, placeholder: str, truncated: str) -> Examples:
    """Return examples that are the field's whole text."""
    return Examples(
        {FIELD: positive}, {FIELD: placeholder}, {FIELD: truncated}
    )


def _word(rng: random.Random, size: int, characters: str = ALNUM) -> str:
    """Return random text with a digit and both cases, where it can have."""
    while True:
        word = ''.join(rng.choices(characters, k=size))
        if any(one.isdigit() for one in word) and not word.isdigit():
            return word


def _hex(rng: random.Random, size: int) -> str:
    """Return random hexadecimal digits."""
    return _word(rng, size, '0123456789abcdef')


def _uuid(rng: random.Random) -> str:
    """Return what looks like a UUID."""
    return '-'.join(_hex(rng, size) for size in (8, 4, 4, 4, 12))


def _pem_text(body: str, label: str = 'RSA PRIVATE KEY') -> str:
    """Return a key file with a body."""
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return '\n'.join(
        (f'-----BEGIN {label}-----', *lines, f'-----END {label}-----')
    )


def _encoded(text: str | bytes) -> str:
    """Return base64 of a text."""
    octets = text.encode() if isinstance(text, str) else text
    return base64.b64encode(octets).decode()


def _pem(rng: random.Random) -> Examples:
    return _text(
        _pem_text(_word(rng, 400)), _pem_text('x' * 400), _pem_text('MIIE')
    )


def _pem_base64(rng: random.Random) -> Examples:
    return _text(
        _encoded(_pem_text(_word(rng, 400))),
        _encoded(_pem_text('x' * 400)),
        _encoded(_pem_text(''))[:30],
    )


def _putty(rng: random.Random) -> Examples:
    head = 'PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 4\n'
    return _text(head + _word(rng, 200), f'{head}{"x" * 200}', f'{head}AAAA')


def _jwk(rng: random.Random) -> Examples:
    def key(private: str) -> Examples:
        return _text(
            f'{{"kty": "OKP", "crv": "Ed25519", "d": "{private}"}}', '', ''
        )

    return Examples(
        key(_word(rng, 43)).positive,
        key('x' * 43).positive,
        key('AAAA').positive,
    )


def _der(rng: random.Random) -> Examples:
    head = b'\x30\x82\x04\xbe\x02\x01\x00\x30\x0d'
    return Examples(
        {FIELD: _encoded(head + rng.randbytes(300))},
        {FIELD: 'MII' + 'x' * 200},
        {FIELD: _encoded(head)[:8]},
    )


def _jwt(rng: random.Random) -> Examples:
    head = _encoded('{"alg":"HS256","typ":"JWT"}').rstrip('=')
    claims = _encoded('{"sub":"1234"}').rstrip('=')
    return _framed(
        False,  # noqa: FBT003  it may stand in a sentence
        f'{head}.{claims}.{_word(rng, 43)}',
        f'{head}.{claims}.{"x" * 43}',
        head[:20],
    )


def _hash(rng: random.Random) -> Examples:
    return _text(
        f'$2b$12${_word(rng, 53)}', f'$2b$12${"x" * 53}', '$2b$12$abc'
    )


def _authorization(rng: random.Random) -> Examples:
    return _framed(
        False,  # noqa: FBT003  as above
        f'Authorization: Bearer {_word(rng, 40)}',
        'Authorization: Bearer your-token-here',
        'Authorization: Bearer abc',
    )


def _userinfo(rng: random.Random) -> Examples:
    def address(password: str) -> str:
        return f'postgres://app{password}@db.example.com:5432/app'

    return _framed(
        False,  # noqa: FBT003  as above
        address(f':{_word(rng, 20)}'),
        address(':${DB_PASSWORD}'),
        address(''),
    )


def _query(rng: random.Random) -> Examples:
    base = 'https://api.example.com/v1'
    return _framed(
        False,  # noqa: FBT003  as above
        f'{base}?access_token={_word(rng, 24)}',
        f'{base}?access_token={{token}}',
        f'{base}?access_token=',
    )


def _signature(rng: random.Random) -> Examples:
    base = 'https://b.s3.amazonaws.com/k?X-Amz-Expires=60&X-Amz-Signature='
    return _text(base + _hex(rng, 64), f'{base}${{signature}}', base)


def _otpauth(rng: random.Random) -> Examples:
    base = 'otpauth://totp/Imbi:ada?issuer=Imbi&secret='
    base32 = string.ascii_uppercase + '234567'
    return _text(base + _word(rng, 32, base32), f'{base}{{secret}}', base)


def _connection(rng: random.Random) -> Examples:
    base = 'Server=tcp:db.example.com;Database=app;User Id=sa;Password='
    return _text(base + _word(rng, 18), f'{base}{{password}}', base)


def _named_value(rng: random.Random) -> Examples:
    return _framed(
        False,  # noqa: FBT003  as above
        f'client_secret={_word(rng, 24)}',
        'client_secret=<your client secret>',
        'client_secret=',
    )


def _prefixed(rng: random.Random) -> Examples:
    return _framed(
        False,  # noqa: FBT003  as above
        f'acme_live_{_word(rng, 32)}',
        f'acme_live_{"x" * 32}',
        'acme_live_abc',
    )


def _secret_name(rng: random.Random) -> Examples:
    return Examples(
        {'client_secret': _word(rng, 12)},
        {'client_secret': '${CLIENT_SECRET}'},
        {'client_secret': ''},
    )


def _placeholder(rng: random.Random) -> Examples:
    del rng
    return Examples(
        {'client_secret': 'changeme'},
        {FIELD: 'changeme'},
        {'client_secret': ' '},
    )


def _random_value(rng: random.Random) -> Examples:
    return _text(_word(rng, 40), 'x' * 40, _word(rng, 8))


_WEBHOOK_PATHS: dict[str, Callable[[random.Random], tuple[str, str]]] = {
    'slack-webhook': lambda rng: (
        'hooks.slack.com/services/T024BE7LH/B024BE7LK/',
        _word(rng, 24),
    ),
    'discord-webhook': lambda rng: (
        'discord.com/api/webhooks/123456789012345678/',
        _word(rng, 68),
    ),
    'teams-webhook': lambda rng: (
        f'acme.webhook.office.com/webhookb2/{_uuid(rng)}@{_uuid(rng)}'
        f'/IncomingWebhook/{_hex(rng, 32)}',
        '/' + _uuid(rng),
    ),
    'zapier-webhook': lambda rng: (
        'hooks.zapier.com/hooks/catch/1234567/',
        _word(rng, 7),
    ),
    'ifttt-webhook': lambda rng: (
        'maker.ifttt.com/trigger/deployed/with/key/',
        _word(rng, 22),
    ),
    'make-webhook': lambda rng: (
        'hook.eu1.make.com/',
        _word(rng, 32, string.ascii_lowercase + string.digits),
    ),
    'pagerduty-integration': lambda rng: (
        'events.pagerduty.com/integration/',
        _hex(rng, 32),
    ),
    'telegram-bot-url': lambda rng: (
        f'api.telegram.org/bot{rng.randrange(10**8, 10**9)}:',
        f'A{_word(rng, 34)}',
    ),
    'feishu-webhook': lambda rng: (
        'open.feishu.cn/open-apis/bot/v2/hook/',
        _uuid(rng),
    ),
    'webhook-site': lambda rng: ('webhook.site/', _uuid(rng)),
    'mattermost-webhook': lambda rng: (
        'chat.example.com/hooks/',
        _word(rng, 26, string.ascii_lowercase + string.digits),
    ),
    'grafana-webhook': lambda rng: (
        'oncall-eu.grafana.net/oncall/integrations/v1/alertmanager/',
        _word(rng, 25),
    ),
    'airtable-webhook': lambda rng: (
        'hooks.airtable.com/workflows/v1/genericWebhook/',
        _word(rng, 40),
    ),
}


def _webhook(rule_id: str) -> Callable[[random.Random], Examples]:
    """Return the maker of one webhook's examples."""

    def make(rng: random.Random) -> Examples:
        base, secret = _WEBHOOK_PATHS[rule_id](rng)
        return Examples(
            {FIELD: f'https://{base}{secret}'},
            {FIELD: f'https://{base.split("/")[0]}/{{path}}'},
            {FIELD: f'https://{base.split("/")[0]}/'},
        )

    return make


_STRUCTURES: dict[str, Callable[[random.Random], Examples]] = {
    'authorization': _authorization,
    'connection-string': _connection,
    'der': _der,
    'jwk': _jwk,
    'jwt': _jwt,
    'named-value': _named_value,
    'otpauth': _otpauth,
    'password-hash': _hash,
    'pem': _pem,
    'pem-base64': _pem_base64,
    'placeholder': _placeholder,
    'prefixed-token': _prefixed,
    'putty': _putty,
    'random-value': _random_value,
    'secret-name': _secret_name,
    'url-query': _query,
    'url-signature': _signature,
    'url-userinfo': _userinfo,
    **{rule_id: _webhook(rule_id) for rule_id in _WEBHOOK_PATHS},
}

STRUCTURES = tuple(sorted(_STRUCTURES))
"""Ids of the rules that are code rather than rows of the table."""
