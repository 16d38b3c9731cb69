"""What a text looks like: random, a placeholder, a template, or exempt.

Shannon's entropy tells random text badly from names, paths and versions of
the same length (more than 3.5 bits a character is a third false alarms on
defaults and choices). The rate at which neighbouring characters change their
class tells them well: it is the alphabet's own in random text (0.62 for
letters and digits, 0.40 for one case and digits, 0.47 for hexadecimals) and
under a quarter in words that people put together.
"""

from __future__ import annotations

import functools
import itertools
import re

from imbi_plugin_sdk.secret_detector import _names

SHORTEST_RANDOM = 16
"""Below this a random text cannot be told from a version or an id."""

MIXED_RATE = 0.34
"""Least rate of class changes in random text of both cases and digits."""

LETTERS_RATE = 0.36
"""The same for text of both cases without a digit: no camelCase has it."""

CASED_RATE = 0.21
"""The same for text of one case and digits."""

LETTERS_RARE = 20
"""Random text without any digit is this long at least, or is a word."""

WORDS_SHARE = 0.6
"""Share of a text in words of four letters or more, capital included, from
which it is a name in camel case; one random text of 50 has as much."""

TEMPLATE = (
    r'\$\{[^{}]*\}|\{\{[^{}]*\}\}|\{[^{}]*\}|<[^<>]*>|%[A-Za-z_]\w*%'
    r'|\$\([^()]*\)|\[\[[^\[\]]*\]\]'
)
"""A hole for somebody to fill: `${x}`, `{x}`, `{{x}}`, `<x>`, `%X%`."""

REFERENCE = (
    r'(?:(?:vault|op|env|ssm|secretsmanager|aws-sm|aws-ssm|gcp-sm|azurekv'
    r'|keyvault|akv|file|sops|doppler|infisical|bws|ref\+[a-z]+|secret'
    r'|keyring|k8s|!vault):(?://)?|arn:aws[a-z-]*:|projects/[^/]+/secrets/'
    r'|secret/data/)[A-Za-z0-9_./:#@{}$%?&=-]+$'
)
"""A value that says where a secret is kept, as in `vault:kv/app#token`."""

REFERENCE_LEADS = (
    'vault', 'op', 'env', 'ssm', 'secret', 'aws-', 'gcp-', 'azurekv', 'key',
    'akv', 'file', 'sops', 'doppler', 'infisical', 'bws', 'ref+', 'k8s',
    '!vault', 'arn:aws', 'projects/',
)  # fmt: skip
"""The beginnings of all of them, for a cheap look before."""

VARIABLE = r'\$?[A-Z][A-Z0-9]*_[A-Z0-9_]*$|\$[A-Za-z_][A-Za-z0-9_]*$'
"""The name of an environment variable."""

PLACEHOLDER_WORDS = (
    'abcdef', 'changeit', 'changeme', 'change-me', 'change_me', 'dummy',
    'example', 'fake', 'fixme', 'foobar', 'goes-here', 'goes_here',
    'goeshere', 'insert', 'letmein', 'lorem', 'notreal', 'not-real',
    'not_real', 'placeholder', 'redacted', 'replace', 'sample', 'secret-here',
    'todo', 'your-', 'your_', 'yourapi', 'yourkey', 'yourpass', 'yoursecret',
    'yourtoken', 'my-secret', 'my_secret', 'mysecret', 'mytoken', 'mypassword',
    '123456789', '987654321', 'deadbeef', 'xxxx', '****', '....', '____',
    '0000000', '------', 'aaaaaa', 'bbbbbb', '1111111', 'zzzzzz', 'token-here',
    'token_here', 'tokenhere', 'keyhere', 'key-here', 'key_here',
)  # fmt: skip
"""Parts of a body that nobody issued."""

PLACEHOLDER_VALUES = frozenset({
    '', '-', '...', '…', 'abc', 'abc123', 'abcd1234', 'api_key', 'apikey',
    'bar', 'baz', 'client_id', 'client_secret', 'credential', 'credentials',
    'default', 'empty', 'foo', 'hidden', 'key', 'masked', 'n/a', 'na', 'nil',
    'none', 'null', 'pass', 'passwd', 'password', 'pwd', 'removed', 'required',
    'secret', 'set-me', 'set_me', 'setme', 'string', 'tbd', 'test', 'token',
    'undefined', 'unset', 'user', 'username', 'value', 'xxx', 'xyz', 'your',
    'passw0rd', 'p@ssw0rd', 'optional', 'true', 'false', 'yes', 'no', '***',
})  # fmt: skip
"""Whole values that nobody issued."""

DIGEST_WORDS = frozenset({
    'blob', 'build', 'bundle', 'cafingerprint', 'certificate', 'checksum',
    'commit', 'committish', 'crc', 'digest', 'etag', 'fingerprint', 'hash',
    'hashes', 'id', 'ids', 'image', 'integrity', 'md', 'object', 'ref',
    'revision', 'rev', 'sha', 'shasum', 'snapshot', 'sri', 'sum', 'tag',
    'span', 'thumbprint', 'trace', 'traceparent', 'tree', 'uuid', 'guid',
    'version', 'modulus', 'nonce',
})  # fmt: skip
"""Last words of names whose values are digests and other public noise."""

DIGEST_LEADS = (
    'sha1', 'sha-', 'sha2', 'sha3', 'sha5', 'md5', 'blake', 'crc32', 'git',
    'commit', 'h1', 'rev', 'etag',
)  # fmt: skip
"""Beginnings of digests that say which one they are, as in `sha256:...`."""

_AFTER_LEAD = 12  # characters within which such a beginning ends

UUID = r'[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}'
"""A UUID says which thing is meant, and opens none."""

PUBLIC_LEADS = (
    'AAAAB3Nza', 'AAAAC3Nza', 'AAAAE2VjZHNh', 'AAAAGnNr', 'age1',
    'MIGfMA0GCSqGSIb3DQEB', 'MIIBIjANBgkqhkiG9w0BAQ', 'MIICIjANBgkqhkiG9w0B',
    'MFkwEwYHKoZIzj0CAQ', 'MFYwEAYHKoZIzj0CAQ', 'MHYwEAYHKoZIzj0CAQ',
    'MCowBQYDK2VwAyEA', 'RWQ', 'LS0tLS1CRUdJTi', 'c3NoLXJzYSBBQUFB',
)  # fmt: skip
"""Beginnings of public keys and certificates in the usual encodings."""

_SYMBOLS = str.maketrans(
    dict.fromkeys('!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', ' ')
)
_PAIRS = ('aA', 'Aa', 'a0', '0a', 'A0', '0A')
_CLASSES = str.maketrans(
    {
        **dict.fromkeys('abcdefghijklmnopqrstuvwxyz', 'a'),
        **dict.fromkeys('ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'A'),
        **dict.fromkeys('0123456789', '0'),
    }
)
JUDGED = 256  # characters: more of a body adds no certainty, only time


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern when it is first needed, and once."""
    return re.compile(pattern)


def looks_random(
    text: str, shortest: int = SHORTEST_RANDOM, share: float = 1.0
) -> bool:
    """Tell whether a machine made this text, by its class transitions.

    Symbols are left out, so that an encoding's `+`, `/`, `-` and `_` do not
    count; so are characters beyond the first few hundred. Where a prefix
    speaks too, a `share` of the usual rate is enough.
    """
    pieces = text[:JUDGED].translate(_SYMBOLS).split()
    body = ''.join(pieces)
    size = len(body)
    if size < shortest or not body.isascii():
        return False
    classes = body.translate(_CLASSES)
    digits = classes.count('0')
    upper = classes.count('A')
    lower = size - digits - upper
    if len(set(body.lower())) < min(7, size // 2) or digits == size:
        return False
    rate = _changes(pieces) / (size - 1) / share
    if not digits:
        return (
            _words_in(pieces) < size * WORDS_SHARE
            and size >= LETTERS_RARE * share * share
            and min(upper, lower) >= size // 5
            and rate >= LETTERS_RATE
        )
    if upper and lower:
        if share == 1.0 and _words_in(pieces) >= size * WORDS_SHARE:
            return False
        return rate >= MIXED_RATE and (digits > 1 or rate >= LETTERS_RATE)
    return (
        rate >= CASED_RATE
        and digits >= size // 12
        and size - digits >= size // 5
    )


def _words_in(pieces: list[str]) -> int:
    """Count the characters of words as camel case writes them."""
    words = compiled(r'[A-Z]?[a-z]{3,}').findall(' '.join(pieces))
    return sum(map(len, words))


def _changes(pieces: list[str]) -> int:
    """Count neighbours of different classes, as words would not have them.

    A capital that begins a piece and digits that end one say nothing:
    `Standard_D4_v5` has them and so has `SHA256`.
    """
    changes = 0
    for piece in pieces:
        classes = piece.translate(_CLASSES)
        changes += sum(classes.count(pair) for pair in _PAIRS)
        if classes.startswith('Aa'):
            changes -= 1
        if classes.endswith('0') and not classes.startswith('0'):
            changes -= 1
    return max(changes, 0)


def is_template(text: str) -> bool:
    """Tell whether a value is a hole, or what is left without holes is short.

    A default like `{base}/v1` has no secret in it; `${x}` has none either.
    """
    if not ('{' in text or '<' in text or '%' in text or '$' in text):
        return False
    rest, holes = compiled(TEMPLATE).subn('', text)
    if not holes:
        return compiled(VARIABLE).match(text) is not None
    return not looks_random(rest) and len(rest) < SHORTEST_RANDOM


def is_reference(text: str) -> bool:
    """Tell whether a value only says where a secret is kept."""
    return (
        text.startswith(REFERENCE_LEADS)
        and compiled(REFERENCE).match(text) is not None
    )


def is_placeholder(body: str) -> bool:
    """Tell whether a token's body was made up to show where one goes."""
    low = body.lower()
    if low in PLACEHOLDER_VALUES:
        return True
    size = len(low)
    if size >= 8 and len(set(low)) <= 3:  # noqa: PLR2004  e.g. xxxx-xxxx
        return True
    if any(word in low for word in PLACEHOLDER_WORDS):
        return True
    if is_template(body) or (size < 40 and compiled(VARIABLE).match(body)):  # noqa: PLR2004  an environment variable's name
        return True
    return _counts_up(low)


def _counts_up(low: str) -> bool:
    """Tell whether half of a text is an alphabet or counting, in order."""
    size = len(low)
    if size < 8:  # noqa: PLR2004  `abc123` is on the list of whole values
        return False
    steps = sum(
        ord(after) - ord(before) in {0, 1}
        for before, after in itertools.pairwise(low)
    )
    return steps * 2 > size


def is_exempt(token: str) -> bool:
    """Tell whether random-looking text is public by what it says it is."""
    return (
        token.startswith(PUBLIC_LEADS)
        or token.startswith(('arn:', 'data:', 'urn:', 'did:', 'spiffe:'))
        or (
            token[:_AFTER_LEAD].lower().startswith(DIGEST_LEADS)
            and any(mark in token[:_AFTER_LEAD] for mark in ':=/_@-')
        )
    )


def is_digest_name(name: str) -> bool:
    """Tell whether a field of this name holds a digest or an identifier."""
    found = _names.words(name)
    return bool(found) and found[-1] in DIGEST_WORDS
