"""What values are secrets, whatever their field is called."""

from __future__ import annotations

import base64
import json

import pytest

from imbi_plugin_sdk.secret_detector import (
    Slot,
    SlotMap,
    _shapes,
    find_secrets,
)


def rules(text, slot: Slot | None = None, name='setting'):
    slots = SlotMap({name: slot}) if slot else None
    return [one.rule for one in find_secrets({name: text}, slots=slots)]


def test_no_hand_written_clean_value_is_a_finding(tables):
    """Every false alarm ever reported becomes a row of that table."""
    assert len(tables.clean) > 225
    alarms = [
        one
        for one in tables.clean
        if find_secrets(
            {one.name: one.text}, slots=SlotMap({one.name: one.slot})
        )
    ]
    assert alarms == []


def test_nor_is_it_where_the_slot_is_inferred(tables):
    alarms = [
        one for one in tables.clean if find_secrets({one.name: one.text})
    ]
    assert alarms == []


@pytest.mark.parametrize(
    'slot', ['identifier', 'url', 'prose', 'opaque', 'pattern']
)
def test_a_vendor_s_token_is_found_in_every_slot(make, slot):
    assert rules(make.github, slot) == ['github']


def test_randomness_counts_in_opaque_slots_only(make):
    text = make.word(40)
    assert rules(text, 'opaque') == ['random-value']
    for slot in ('identifier', 'prose', 'pattern', 'url'):
        assert rules(text, slot) == []


@pytest.mark.parametrize(
    'name',
    ['commit_sha', 'digest', 'checksum', 'zone_id', 'etag', 'imageDigest'],
)
def test_randomness_is_public_under_digest_and_id_names(make, name):
    text = make.word(40, '0123456789abcdef')
    assert rules(text, 'opaque') == ['random-value']
    assert rules(text, 'opaque', name) == []


def test_random_values_are_told_from_names_by_class_transitions(make):
    alphabets = (
        'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
        'abcdefghijklmnopqrstuvwxyz0123456789',
        '0123456789abcdef',
    )
    for alphabet in alphabets:
        texts = [make.word(40, alphabet) for _ in range(200)]
        found = sum(_shapes.looks_random(text) for text in texts)
        assert found >= 190, alphabet


@pytest.mark.parametrize(
    'text',
    [
        'AbstractSingletonProxyFactoryBean', 'us-east-1', 'RS256',
        'com.example.platform.NotificationServiceV2Impl', '20240101000000',
        'CurrentRestoreRateInMegaBytesPerSecond', 'aaaaaaaaaaaaaaaaaaaa1A',
        'Ab1/Cd2/Ef3/Gh4/Ij5/Kl6', 'getS3BucketLocationV2ById',
        'v1/v2/v3/v4/v5/v6/v7/v8/v9/va1',
        'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', '2024-01-01T00:00:00Z',
    ],
)  # fmt: skip
def test_words_versions_and_dates_are_not_random(text):
    assert not _shapes.looks_random(text)


def token(make, **header):
    parts = [json.dumps(header), json.dumps({'sub': make.word(8)})]
    texts = [
        base64.urlsafe_b64encode(part.encode()).decode().rstrip('=')
        for part in parts
    ]
    return '.'.join([*texts, make.word(43)])


def test_a_jwt_is_known_by_its_decoded_header(make):
    assert rules(token(make, alg='HS256', typ='JWT')) == ['jwt']
    assert rules(f'see {token(make, alg="RS256")} there', 'prose') == ['jwt']
    assert rules(token(make, name='ada', other='x'), 'prose') == []


def test_a_jwt_needs_its_signature(make):
    whole = token(make, alg='HS256', typ='JWT')
    header, claims, _ = whole.split('.')
    assert rules(f'{header}.{claims}.', 'prose') == []
    assert rules(f'{header}.{claims}', 'prose') == []


def pem(body, label='PRIVATE KEY', newline='\n'):
    return newline.join(
        (f'-----BEGIN {label}-----', body, f'-----END {label}-----')
    )


@pytest.mark.parametrize(
    'label',
    [
        'PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'DSA PRIVATE KEY',
        'OPENSSH PRIVATE KEY', 'ENCRYPTED PRIVATE KEY',
        'PGP PRIVATE KEY BLOCK',
    ],
)  # fmt: skip
@pytest.mark.parametrize('newline', ['\n', '\\n', '\r\n', ' '])
def test_a_private_key_is_known_by_header_and_body(make, label, newline):
    text = pem(make.word(64), label, newline)
    for slot in ('prose', 'opaque', 'identifier'):
        (found,) = find_secrets({'x': text}, slots=SlotMap({'x': slot}))
        assert (found.rule, found.kind) == ('pem', 'private_key')
    assert rules(pem('', label, newline), 'prose') == []
    assert rules(pem('...', label, newline), 'prose') == []


def test_a_public_key_and_a_certificate_are_public(make):
    for label in ('PUBLIC KEY', 'CERTIFICATE', 'CERTIFICATE REQUEST'):
        assert rules(pem(make.word(64), label), 'prose') == []
    text = base64.b64encode(pem(make.word(64), 'CERTIFICATE').encode())
    assert rules(text.decode()) == []


def test_a_key_file_without_its_end_is_still_a_key(make):
    text = pem(make.word(64)).partition('-----END')[0]
    assert rules(text, 'prose') == ['pem']


def test_a_service_account_in_base64_is_opened(make):
    text = json.dumps({'type': 'service_account', 'key': pem(make.word(64))})
    wrapped = base64.b64encode(text.encode()).decode()
    assert rules(wrapped) == ['pem-base64']
    assert rules(wrapped, 'prose') == ['pem-base64']


def test_a_json_web_key_is_private_by_d_or_k(make):
    public = {'kty': 'EC', 'crv': 'P-256', 'x': make.word(43), 'kid': 'one'}
    assert [
        one.path
        for one in find_secrets({'jwk': {**public, 'd': make.word(43)}})
        if one.rule == 'jwk'
    ] == ['jwk.d']
    symmetric = {'kty': 'oct', 'k': make.word(43)}
    assert [one.kind for one in find_secrets(symmetric)] == ['private_key']
    assert rules(json.dumps(symmetric), 'prose') == ['jwk']


@pytest.mark.parametrize(
    ('rule', 'address'),
    [
        ('url-userinfo', 'https://ada:{}@example.com/'),
        ('url-userinfo', 'postgres://app:{}@db.example.com:5432/app'),
        ('url-userinfo', 'mongodb+srv://u:{}@c0.example.net/?w=majority'),
        ('url-userinfo', 'redis://:{}@cache.example.com:6379/0'),
        ('url-userinfo', 'https://{}@git.example.com/acme/repo.git'),
        ('url-userinfo', 'https://ada:{}/x@example.com/'),
        ('url-query', 'https://example.com/v1?api_key={}'),
        ('url-query', 'https://example.com/v1?a=b&access_token={}'),
        ('url-query', 'https://example.com/cb#access_token={}'),
        ('url-query', 'https://example.com/a?client_id={}'),
        ('url-query', 'https://maps.example.com/api?key={}'),
        ('url-query', 'jdbc:postgresql://db.example.com/x?password={}'),
        ('url-signature', 'https://b.example.com/k?X-Amz-Signature={}'),
        ('url-signature', 'https://a.example.net/b?sv=2022&se=1&sig={}'),
        ('url-signature', 'https://c.example.net/o?Expires=1&Signature={}'),
        ('otpauth', 'otpauth://totp/Imbi:ada?secret={}&issuer=Imbi'),
    ],
)
def test_addresses_with_a_secret_in_them(make, rule, address):
    secret = make.word(24)
    text = address.format(secret)
    for slot in ('url', 'prose', 'opaque'):
        (found,) = find_secrets({'x': text}, slots=SlotMap({'x': slot}))
        assert (found.rule, found.kind) == (rule, 'url')
    for hole in ('{name}', '${NAME}', '{{ name }}', ''):
        assert rules(address.format(hole), 'url') == []


def test_a_placeholder_in_an_address_is_one_outside_prose():
    text = 'postgres://user:password@localhost/db'
    assert rules(text, 'prose') == []
    (found,) = find_secrets({'x': text}, slots=SlotMap({'x': 'url'}))
    assert found.kind == 'placeholder'


@pytest.mark.parametrize(
    'address',
    [
        'https://git@github.com/acme/repo.git', 'ssh://git@example.com/x',
        'https://example.com/?tab=tokens&response_type=token',
        'https://example.com/?token_type=bearer&max_tokens=10',
        'https://example.com/@scope/pkg?x=1', 'mailto:ada@example.com',
        'https://example.com/a?key=name', 'https://example.com?redirect=/a:b@c',
        '://', 'https://', 'x://@', 'https://:@example.com',
    ],
)  # fmt: skip
def test_addresses_without_one(address):
    for slot in ('url', 'prose', 'opaque'):
        assert rules(address, slot) == []


def test_a_reference_to_a_store_may_stand_in_an_address(make):
    assert rules('https://example.com/?token=vault:kv/imbi', 'url') == []


def test_words_behind_a_strong_prefix_are_a_slug():
    slug = 'a-very-long-name-that-goes-on-and-on-for-ever-and-for-ever-more'
    for lead in ('pypi-', 'dnkey-', 'glpat-', 'secret-live-', 'xoxb-'):
        assert rules(f'the package {lead}{slug} there', 'prose') == [], lead


def test_a_percent_encoded_token_is_found(make):
    text = f'https://example.com/?next=%2Fa%3Ft%3D{make.github}'
    assert rules(text, 'url') == ['github']


@pytest.mark.parametrize(
    'text',
    [
        'Server=tcp:db.example.com;Database=a;User Id=sa;Password={};',
        'host=db.example.com user=app password={} dbname=app',
        'DefaultEndpointsProtocol=https;AccountName=a;AccountKey={}',
        'Endpoint=sb://x.example.net/;SharedAccessKeyName=a;'
        'SharedAccessKey={}',
    ],
)
def test_a_connection_string_with_a_password(make, text):
    for slot in ('prose', 'opaque'):
        (found,) = find_secrets(
            {'x': text.format(make.word(20))}, slots=SlotMap({'x': slot})
        )
        assert (found.rule, found.kind) == ('connection-string', 'url')
        assert rules(text.format('<password>'), slot) == []


@pytest.mark.parametrize(
    'text',
    [
        'Set client_secret={} first.', 'password: {}', 'API_KEY={}',
        "export TOKEN='{}'", '{{"client_secret": "{}"}}', 'apiKey => {}',
        'spring.datasource.password={}', '--set auth.token={}',
        '{{\\"password\\": \\"{}\\"}}',
    ],
)  # fmt: skip
def test_a_value_that_a_sentence_gives_a_name(make, text):
    assert rules(text.format(make.word(20)), 'prose') == ['named-value']


def test_a_name_in_a_sentence_needs_a_value_that_is_none_of_its_words():
    for text in (
        'token: required', 'Token: OAuth2', 'password=required',
        'secret=settings.SECRET', 'token=os.environ["T"]', 'pwd=${PWD}',
        'password=******', 'client_id=client_secret', 'api_key=/etc/key',
        'secret=vault:kv/x#y', 'token=changeme', 'password=dbPassword2_',
        'token=webhook-signing-secret-1',
    ):  # fmt: skip
        assert rules(text, 'prose') == [], text


def test_a_header_s_credential(make):
    both = base64.b64encode(f'ada:{make.word(12)}'.encode()).decode()
    for text in (
        f'Authorization: Bearer {make.word(32)}', f'bearer {make.word(32)}',
        f'Basic {both}', f'token {make.word(40)}', f'SSWS {make.word(42)}',
    ):  # fmt: skip
        assert rules(text, 'prose') == ['authorization'], text
    for text in (
        'Bearer authentication is used', 'Basic authentication', 'Bearer abc',
        'Bearer <token>', 'basic ' + base64.b64encode(b'no colon').decode(),
        'Basic dXNlcjpwYXNzd29yZA==', 'Bearer ${TOKEN}', 'Bearer your_token',
    ):  # fmt: skip
        assert rules(text, 'prose') == [], text


@pytest.mark.parametrize(
    'text',
    [
        '$2b$12${53}', '$2y$10${53}', '$6$saltsalt${86}', '$5$salt${43}',
        '$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ${43}', '$1$salt${22}',
        '$apr1$salt${22}', 'pbkdf2_sha256$600000$saltsaltsalt${43}',
        '{SSHA}{32}', '$y$j9T$saltsalt${43}',
        '$pbkdf2-sha256$29000$c2FsdHNhbHQ${43}',
    ],
)  # fmt: skip
def test_a_password_hash(make, text):
    head, _, size = text.rpartition('{')
    whole = head + make.word(int(size.rstrip('}')))
    assert rules(whole, 'prose') == ['password-hash']
    assert rules(head + 'x' * 100, 'prose') == []


def test_an_unknown_vendor_s_token(make):
    body = make.word(32)
    for lead in ('acme_live_', 'acme-', 'ac_', 'acmeKey_'):
        assert rules(lead + body, 'prose') == ['prefixed-token']
    assert rules('https://example.com/acme_' + body, 'url') == []
    digest = make.word(40, '0123456789abcdef')
    for lead in ('git-', 'sha256-', 'image-', 'commit_', 'build-'):
        assert rules(lead + digest, 'prose') == []


def test_pixels_are_not_read(make):
    assert rules('data:image/png;base64,' + make.github) == []


def test_a_placeholder_is_judged_on_the_token_s_body(make):
    assert rules(f'An example token: {make.github}', 'prose') == ['github']
    assert rules('ghp_' + 'your-token-goes-here-' * 2, 'prose') == []
    assert rules('Real one: ghp_' + 'x' * 36, 'prose') == []


def test_several_secrets_in_one_text_are_several_findings(make):
    stripe = 'sk_live_' + make.word(24)
    text = f'{make.github} and {stripe} and {pem(make.word(64))}'
    assert sorted(rules(text, 'prose')) == ['github', 'pem', 'stripe']


def test_a_token_in_an_address_is_reported_as_the_token(make):
    text = f'https://ada:{make.github}@example.com/?token={make.github}'
    assert rules(text, 'url') == ['github']
