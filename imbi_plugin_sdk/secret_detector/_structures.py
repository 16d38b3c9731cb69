"""Secrets that are known by their structure rather than by a prefix."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from imbi_plugin_sdk.secret_detector import _shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST_KEY = 40
"""Base64 characters of the smallest private key (Ed25519 has 64)."""

LEAST_SIGNATURE = 16
"""Characters of a JWT's last part; HS256, the shortest, has 43."""

LONGEST_DECODED = 16_384
"""Characters of base64 that are looked into; a key file has fewer."""

WRAPPED_LEADS = ('LS0tLS1CRUdJTi', 'Ci0tLS0tQkVHSU', 'ewog', 'eyJ', 'ewoJ')
"""Base64 of a PEM file's and of a JSON object's beginning."""

HASHES = (
    r'\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}',
    r'\$argon2(?:id|i|d)\$v=\d+\$[a-z0-9=,]+\$[A-Za-z0-9+/]{8,}\$'
    r'[A-Za-z0-9+/]{16,}',
    r'\$(?:1|apr1)\$[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{22}',
    r'\$5\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43}',
    r'\$6\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86}',
    r'\$(?:y|7|gy)\$[./A-Za-z0-9]{3,}\$[./A-Za-z0-9]{1,86}\$'
    r'[./A-Za-z0-9]{43}',
    r'\$scrypt\$[a-z0-9=,]+\$[A-Za-z0-9+/]{8,}\$[A-Za-z0-9+/]{16,}',
    r'\$pbkdf2(?:-sha\d+)?\$\d+\$[./A-Za-z0-9]{8,}\$[./A-Za-z0-9]{16,}',
    r'pbkdf2_sha\d+\$\d+\$[A-Za-z0-9]{8,}\$[A-Za-z0-9+/=]{27,}',
    r'(?:scrypt:\d+:\d+:\d+|pbkdf2:sha\d+(?::\d+)?)\$[A-Za-z0-9]{8,}\$'
    r'[0-9a-f]{40,}',
    r'\{(?:SSHA|SMD5|SHA|CRYPT|SSHA256|SSHA512)\}[A-Za-z0-9+/$.=]{20,}',
)
"""Password hashes: what is stored in place of a password, and cracked."""

SCHEMES = r'(?i:\b(bearer|basic|token|ssws|apikey|genie-?key))\s{1,3}'
"""What stands before the credential in an Authorization header."""

_CREDENTIAL = r'[A-Za-z0-9._~+/=:-]{8,}'
_PEM = r'-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----'
_PUTTY = r'Private-Lines:\s*\d+'
_JWK = r'"(?:d|k)"\s{0,8}:\s{0,8}"([A-Za-z0-9_-]{16,})"'
_RUN = r'[A-Za-z0-9_.=-]+'
_BASE64_RUN = r'[A-Za-z0-9+/_=-]+'
_PEM_NOISE = r'\\[nr]|\s|(?:^|(?<=\n)|(?<=\\n))[A-Z][A-Za-z-]+: [^\n\\]*'


def find(text: str) -> Iterator[tuple[str, str, int, int, str]]:
    """Yield (rule, kind, start, end, head) for each structure in a text."""
    if '-----BEGIN' in text:
        yield from _pem(text)
    if 'PuTTY-User-Key' in text:
        yield from _putty(text)
    if '"kty"' in text:
        match = _shapes.compiled(_JWK).search(text)
        if match and not _shapes.is_placeholder(match[1]):
            yield 'jwk', 'private_key', match.start(1), match.end(1), ''
    if 'eyJ' in text:
        yield from _jwt(text)
    if any(lead in text for lead in WRAPPED_LEADS):
        yield from _wrapped(text)
    if '$' in text or '{S' in text or '{C' in text:
        yield from _hashes(text)
    if 'M' in text:
        yield from _der(text)


def _pem(text: str) -> Iterator[tuple[str, str, int, int, str]]:
    """Yield private keys in PEM, by header and body."""
    for header in _shapes.compiled(_PEM).finditer(text):
        end = text.find('-----', header.end())
        stop = end if end != -1 else len(text)
        stop = min(stop, header.end() + LONGEST_DECODED)
        body = _shapes.compiled(_PEM_NOISE).sub('', text[header.end() : stop])
        if len(body) >= LEAST_KEY and not _shapes.is_placeholder(
            body[: _shapes.JUDGED]
        ):
            yield 'pem', 'private_key', header.start(), stop, '-----BEGIN'


def _putty(text: str) -> Iterator[tuple[str, str, int, int, str]]:
    """Yield the private lines of PuTTY's own key format."""
    match = _shapes.compiled(_PUTTY).search(text)
    if match is None:
        return
    rest = text[match.end() : match.end() + LONGEST_DECODED]
    body = ''.join(rest.replace('\\n', ' ').replace('\\r', ' ').split())
    if len(body) >= LEAST_KEY and not _shapes.is_placeholder(
        body[: _shapes.JUDGED]
    ):
        end = match.end() + len(rest)
        yield 'putty', 'private_key', match.start(), end, ''


def decoded(run: str) -> bytes:
    """Return what base64 or base64url text says, as far as it is whole."""
    plain = run[:LONGEST_DECODED].rstrip('=')
    plain = plain.replace('-', '+').replace('_', '/')
    plain = plain[: len(plain) - (len(plain) % 4 == 1)]
    try:
        return binascii.a2b_base64(plain + '=' * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return b''


def _jwt(text: str) -> Iterator[tuple[str, str, int, int, str]]:
    """Yield signed or encrypted tokens, by decoding their header."""
    run_of = _shapes.compiled(_RUN)
    at = text.find('eyJ')
    while at != -1:
        end = at + 3
        if at == 0 or not text[at - 1].isalnum():
            match = run_of.match(text, at)
            end = match.end() if match else end
            if _is_jwt(text[at:end].split('.', 5)):
                yield 'jwt', 'vendor_format', at, end, 'eyJ'
        at = text.find('eyJ', end)


def _is_jwt(parts: list[str]) -> bool:
    """Tell whether dotted parts are a JWS (three) or a JWE (five)."""
    if len(parts) not in {3, 5} or len(parts[-1]) < LEAST_SIGNATURE:
        return False
    header = decoded(parts[0])
    return (
        header[:1] == b'{'
        and (b'"alg"' in header or b'"enc"' in header or b'"typ"' in header)
        and not _shapes.is_placeholder(parts[-1][: _shapes.JUDGED])
    )


def _wrapped(text: str) -> Iterator[tuple[str, str, int, int, str]]:
    """Yield private keys inside base64, as CI variables hold them."""
    for run in _shapes.compiled(_BASE64_RUN).finditer(text):
        if run.end() - run.start() < LEAST_KEY:
            continue
        if not run[0].startswith(WRAPPED_LEADS):
            continue
        inside = decoded(run[0])
        if b'PRIVATE KEY' not in inside:
            continue
        plain = inside.decode('ascii', 'replace')
        if any(True for _ in _pem(plain)):
            yield 'pem-base64', 'private_key', run.start(), run.end(), ''


def _hashes(text: str) -> Iterator[tuple[str, str, int, int, str]]:
    """Yield password hashes."""
    for pattern in HASHES:
        match = _shapes.compiled(pattern).search(text)
        if match and not _shapes.is_placeholder(
            match[0].rsplit('$', 1)[-1][: _shapes.JUDGED]
        ):
            yield (
                'password-hash',
                'vendor_format',
                match.start(),
                match.end(),
                '',
            )
            return


_PRIVATE_DER = (
    b'\x02\x01\x00\x30',  # PKCS 8: version 0, algorithm
    b'\x02\x01\x01\x04',  # SEC 1: version 1, octets of the key
    b'\x02\x01\x00\x02',  # PKCS 1: version 0, modulus
)


def _der(text: str) -> Iterator[tuple[str, str, int, int, str]]:
    """Yield private keys in bare base64 of DER, without PEM's lines."""
    at = text.find('M')
    run_of = _shapes.compiled(_BASE64_RUN)
    while at != -1:
        if at and text[at - 1].isalnum():
            at = text.find('M', at + 1)
            continue
        match = run_of.match(text, at)
        end = match.end() if match else at + 1
        if end - at >= LEAST_KEY and text[at + 1] in 'CDEFGHIHJ':
            head = decoded(text[at : at + 32])
            skip = 2 if head[1:2] < b'\x80' else 2 + (head[1] & 0x7F)
            if head[skip : skip + 4] in _PRIVATE_DER and head[:1] == b'\x30':
                yield 'der', 'private_key', at, end, ''
        at = text.find('M', end)


def find_header(text: str) -> Iterator[tuple[str, str, int, int, str]]:
    """Yield credentials behind `Bearer`, `Basic` and their like."""
    credential = _shapes.compiled(_CREDENTIAL)
    for scheme in _shapes.compiled(SCHEMES).finditer(text):
        match = credential.match(text, scheme.end())
        if match is None:
            continue
        value = match[0].rstrip('.:')
        if _shapes.is_placeholder(value[: _shapes.JUDGED]):
            continue
        if scheme[1].lower() == 'basic':
            inside = decoded(value)
            user, colon, password = inside.partition(b':')
            if not (colon and password and inside.isascii()):
                continue
            made_up = password.decode().strip().lower()
            if _shapes.is_placeholder(made_up) and user:
                continue
        elif not _shapes.looks_random(value, 12):
            continue
        yield (
            'authorization',
            'vendor_format',
            match.start(),
            match.start() + len(value),
            '',
        )
