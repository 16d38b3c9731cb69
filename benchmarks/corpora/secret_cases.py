"""Cases for the benchmark of the secret detector: made up, or written down."""

from __future__ import annotations

import itertools
import json
import pathlib
import random
import string
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from imbi_plugin_sdk.secret_detector import MANIFEST_SLOTS, RULES, SlotMap

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPORA = pathlib.Path(__file__).parent
TABLES = CORPORA.parents[1] / 'tests' / 'sdk' / 'secrets' / 'data'
ALNUM = string.ascii_letters + string.digits
ALPHABETS = {
    'base62': ALNUM,
    'base64': f'{ALNUM}+/',
    'base64url': f'{ALNUM}-_',
    'hex': '0123456789abcdef',
    'base36': string.ascii_lowercase + string.digits,
    'base32': f'{string.ascii_uppercase}234567',
}
CLEAN, SECRET = False, True


class Case(NamedTuple):
    """One text in its place, and whether it is a secret."""

    group: str
    slot: str
    data: object
    slots: SlotMap
    secret: bool


def rows(path: pathlib.Path) -> Iterator[list[str]]:
    """Yield the rows of a table without its comments."""
    for line in path.read_text('utf-8').splitlines():
        if line and not line.startswith('#'):
            yield line.split('\t')


def placed(
    group: str, slot: str, text: str, *, secret: bool, name: str = 'field'
) -> Case:
    """Return a case of one text in one slot."""
    return Case(group, slot, {name: text}, SlotMap({name: slot}), secret)  # type: ignore[dict-item]


def vendor_cases(seeds: int) -> Iterator[Case]:
    """Yield tokens of every format, as short as the format allows."""
    for rule in RULES:
        if not rule.vendor:
            continue
        for seed in range(seeds):
            text = str(rule.examples(seed).positive['setting'])
            whole = rule.strength == 'whole'
            yield placed('vendor format', 'opaque', text, secret=True)
            if whole:
                continue
            yield placed('vendor format', 'prose', text, secret=True)
            token = text.split(' ')[3]
            yield placed('vendor format', 'identifier', token, secret=True)
            address = f'https://api.example.com/v1/{quote(token, safe="")}'
            yield placed('vendor format', 'url', address, secret=True)


def structure_cases(seeds: int) -> Iterator[Case]:
    """Yield keys, addresses, headers and the like."""
    for rule in RULES:
        if rule.vendor or rule.kind in {'placeholder', 'opaque_value'}:
            continue
        for seed in range(seeds):
            data = rule.examples(seed).positive
            ((name, text),) = data.items()
            yield placed(
                'structure', 'opaque', str(text), secret=True, name=name
            )


def random_cases(rng: random.Random, each: int) -> Iterator[Case]:
    """Yield values without a format, in the usual alphabets and lengths."""
    sizes = (20, 24, 32, 40, 43, 48, 64)
    for (name, alphabet), size in itertools.product(ALPHABETS.items(), sizes):
        if name == 'hex' and size < 32:  # noqa: PLR2004  ids have fewer
            continue
        for _ in range(each):
            text = ''.join(rng.choices(alphabet, k=size))
            yield placed('opaque random', 'opaque', text, secret=True)


def styles(name: str) -> tuple[str, ...]:
    """Return a snake-case name in five styles."""
    parts = name.split('_')
    camel = parts[0] + ''.join(part.title() for part in parts[1:])
    return (
        name,
        name.replace('_', '-'),
        name.upper(),
        camel,
        ''.join(part.title() for part in parts),
    )


PASSWORDS = (
    'hunter2', 'correct horse battery staple', 'Tr0ub4dor&3', 'S3cr3t!2024',
    'pa55-w0rd', 'ilovecats', 'qwertz', 'Winter2024!', '8412', 'x9!k',
)  # fmt: skip


def name_cases(rng: random.Random) -> Iterator[Case]:
    """Yield values under secret names, in five styles of case."""
    for (name,) in rows(TABLES / 'names_that_are_secret.txt'):
        for style in styles(name):
            made = ''.join(rng.choices(ALNUM, k=rng.choice((8, 16, 32))))
            for text in (made, rng.choice(PASSWORDS)):
                yield placed(
                    'secret name', 'opaque', text, secret=True, name=style
                )


def clean_name_cases() -> Iterator[Case]:
    """Yield harmless values under names that only sound like secrets."""
    for (name,) in rows(TABLES / 'names_that_pass.txt'):
        for style in styles(name):
            yield placed(
                'clean names', 'opaque', 'standard', secret=False, name=style
            )


def clean_text_cases() -> Iterator[Case]:
    """Yield the hand-written tables of clean texts."""
    for slot, name, text in rows(TABLES / 'clean_values.tsv'):
        yield placed('clean texts', slot, text, secret=False, name=name)
    for (text,) in rows(CORPORA / 'prose.txt'):
        yield placed('clean prose', 'prose', text, secret=False)
    for name, _, default, description in rows(CORPORA / 'options.tsv'):
        yield placed(
            'clean options', 'opaque', default, secret=False, name=name
        )
        yield placed('clean prose', 'prose', description, secret=False)
    for name, text in rows(CORPORA / 'params.tsv'):
        yield placed('clean options', 'opaque', text, secret=False, name=name)


LINKS = (
    ('documentation', 'docs/rest/overview'),
    ('status', 'status?from=2024-01-01'),
    ('api_keys', 'settings/api-keys'),
    ('tokens', 'docs/tokens#new'),
    ('billing', 'organizations/acme/billing'),
    ('Audit log', 'audit/log?tab=events'),
)
METHODS = ('client_secret_post', 'client_secret_basic', 'none')
CREDENTIALS = (
    ('client_id', 'client_secret'),
    ('api_key',),
    ('username', 'password'),
    ('access_key_id', 'secret_access_key'),
    ('private_key', 'app_id'),
    (),
)


def manifests(rng: random.Random, each: int) -> Iterator[dict[str, object]]:
    """Yield manifests of real vendors with what plugins declare."""
    options = list(rows(CORPORA / 'options.tsv'))
    params = list(rows(CORPORA / 'params.tsv'))
    prose = [text for (text,) in rows(CORPORA / 'prose.txt')]
    for vendor, authorize, token, revoke in rows(CORPORA / 'vendors.tsv'):
        for number in range(each):
            template: dict[str, object] = {
                'id': vendor,
                'vendor': vendor.title(),
                'display_name': vendor.title(),
                'category': 'identity',
                'service_url': f'https://{vendor}.example.com',
                'authorization_endpoint': authorize,
                'token_endpoint': token,
                'token_auth_method': rng.choice(METHODS),
                'authorization_params': dict(
                    row[:2] for row in rng.sample(params, 3)
                ),
                'links': {
                    name: f'https://{vendor}.example.com/{path}'
                    for name, path in rng.sample(LINKS, 2)
                },
            }
            if revoke != '-':
                template['revoke_endpoint'] = revoke
            yield {
                'slug': f'{vendor}-{number}',
                'name': vendor.title(),
                'description': rng.choice(prose),
                'plugin_type': 'identity',
                'auth_type': 'oauth2',
                'default_scopes': ['read:secrets', 'offline_access'],
                'options': [
                    {
                        'name': name,
                        'label': name.replace('_', ' ').title(),
                        'description': description,
                        'type': kind,
                        'default': default if kind == 'string' else 3,
                    }
                    for name, kind, default, description in rng.sample(
                        options, 4
                    )
                ],
                'credentials': [
                    {
                        'name': name,
                        'label': name.replace('_', ' ').title(),
                        'description': rng.choice(prose),
                    }
                    for name in rng.choice(CREDENTIALS)
                ],
                'third_party_service': template,
            }


def manifest_cases(rng: random.Random, each: int) -> Iterator[Case]:
    """Yield clean manifests, and each once more with one secret in it."""
    tokens = [
        str(rule.examples(7).positive['setting'])
        for rule in RULES
        if rule.strength == 'strong'
    ]
    for manifest in manifests(rng, each):
        yield Case(
            'clean manifests', 'manifest', manifest, MANIFEST_SLOTS, CLEAN
        )
        spoilt = json.loads(json.dumps(manifest))
        spoilt['options'][rng.randrange(4)]['default'] = rng.choice(tokens)
        yield Case(
            'spoilt manifests', 'manifest', spoilt, MANIFEST_SLOTS, SECRET
        )


def every_case(seeds: int) -> list[Case]:
    """Return all cases; more seeds make more of each kind."""
    rng = random.Random(2024)
    return [
        *vendor_cases(seeds),
        *structure_cases(seeds),
        *random_cases(rng, seeds * 2),
        *name_cases(rng),
        *clean_name_cases(),
        *clean_text_cases(),
        *manifest_cases(rng, seeds),
    ]
