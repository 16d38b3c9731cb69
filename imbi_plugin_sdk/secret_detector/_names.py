"""Whether a field's name says that its value is a secret.

A name is a compound whose last word says what it is: a `token_endpoint` is an
endpoint and an `endpoint_token` is a token. So a name is cut into words by
case, separators and digits, words that are written as one are taken apart
(`apikey`), qualifiers behind the last word fall away (`client_secret_old`),
and what is then the last word decides, with its neighbours' help. Each table
is data; the tests hold every entry in five case styles.
"""

from __future__ import annotations

import functools
import re

LONGEST_NAME = 96
"""No field is named with more; what is longer is a value, not a name."""

HEADS = frozenset({
    'credential', 'htpasswd', 'keytab', 'kubeconfig', 'mnemonic', 'otp',
    'passcode', 'passphrase', 'passwd', 'password', 'pat', 'pem', 'pgpass',
    'psk', 'pwd', 'secret', 'token', 'totp', 'jwt', 'cookie',
})  # fmt: skip
"""Words that make a secret of any name that ends in them."""

PLURALS = {
    'codes': 'code',
    'cookies': 'cookie',
    'credentials': 'credential',
    'creds': 'credential',
    'cred': 'credential',
    'keys': 'key',
    'passcodes': 'passcode',
    'passphrases': 'passphrase',
    'passwords': 'password',
    'pats': 'pat',
    'pems': 'pem',
    'secrets': 'secret',
    'tokens': 'token',
    'ids': 'id',
    'jwts': 'jwt',
}
"""Plurals and short forms, and the head that each stands for."""

KEY_MODIFIERS = frozenset({
    'access', 'account', 'activation', 'admin', 'aes', 'api', 'app',
    'application', 'auth', 'authentication', 'authorization', 'bearer',
    'client', 'consumer', 'cookie', 'crypto', 'decrypt', 'decryption',
    'deploy', 'deployment', 'developer', 'dkim', 'dsa', 'ecdsa', 'ed',
    'encrypt', 'encryption', 'functions', 'gpg', 'hmac', 'ingest',
    'ingestion', 'insert', 'insights', 'instrumentation', 'integration',
    'jwt', 'license', 'licence', 'management', 'master', 'pgp', 'preshared',
    'private', 'provisioning', 'query', 'read', 'registration', 'root',
    'routing', 'rsa', 'sas', 'sdk', 'secret', 'server', 'service', 'session',
    'shared', 'sign', 'signature', 'signing', 'sms', 'ssh', 'ssl', 'storage',
    'subscription', 'symmetric', 'tls', 'vapid', 'webhook', 'wireguard',
    'write',
})  # fmt: skip
"""Words before `key` that make it a secret; a bare `key` is none."""

PASS_MODIFIERS = frozenset({
    'admin', 'auth', 'basic', 'bind', 'database', 'db', 'email', 'ftp',
    'imap', 'ldap', 'login', 'mail', 'mongo', 'mysql', 'pg', 'postgres',
    'proxy', 'redis', 'root', 'sftp', 'smtp', 'sql', 'ssh', 'user',
})  # fmt: skip
"""Words before `pass` that make it a password; so does nothing at all."""

DENIES = frozenset({
    ('access', 'key', 'id'),
    ('auth', 'string'),
    ('backup', 'code'),
    ('basic', 'auth'),
    ('client', 'assertion'),
    ('client', 'id'),
    ('conn', 'str'),
    ('conn', 'string'),
    ('connection', 'string'),
    ('db', 'pw'),
    ('private', 'key', 'data'),
    ('private', 'key', 'pem'),
    ('recovery', 'code'),
    ('secret', 'key', 'base'),
    ('seed', 'phrase'),
    ('service', 'account', 'json'),
    ('user', 'pw'),
})  # fmt: skip
"""Words that together name a secret, whatever the last one says alone."""

HARMLESS_HEADS = frozenset({
    'algorithm', 'arn', 'count', 'enabled', 'endpoint', 'env', 'expiry',
    'field', 'file', 'format', 'header', 'hint', 'id', 'kind', 'label',
    'length', 'lifetime', 'limit', 'link', 'location', 'manager', 'method',
    'mode', 'name', 'owner', 'param', 'parameter', 'path', 'policy',
    'prefix', 'provider', 'ref', 'reference', 'required', 'rotation',
    'scope', 'source', 'store', 'suffix', 'ttl', 'type', 'uri', 'url',
    'usage', 'version',
})  # fmt: skip
"""Words that make a name harmless behind a secret word."""

HARMLESS_LEADS = frozenset({
    'allow', 'allows', 'can', 'change', 'disable', 'enable', 'expire',
    'expires', 'forgot', 'has', 'have', 'hide', 'ignore', 'include', 'is',
    'max', 'min', 'mask', 'need', 'needs', 'no', 'num', 'redact', 'require',
    'required', 'requires', 'reset', 'revoke', 'rotate', 'send', 'should',
    'show', 'skip', 'support', 'supports', 'total', 'use', 'uses', 'with',
    'without',
})  # fmt: skip
"""First words that ask about a secret or count them, and hold none."""

HARMLESS_KEY_MODIFIERS = frozenset({
    'anon', 'design', 'eos', 'bos', 'pad', 'page', 'pagination', 'next',
    'cursor', 'continuation', 'public', 'publishable', 'site', 'stop',
    'special', 'sync', 'input', 'output', 'prompt', 'completion',
})  # fmt: skip
"""Words that make a `key`, `token` or `pem` one that anybody may see."""

QUALIFIERS = frozenset({
    'backup', 'base', 'contents', 'content', 'current', 'data', 'dev',
    'development', 'enc', 'encoded', 'encrypted', 'hex', 'json', 'live',
    'local', 'new', 'next', 'old', 'plain', 'plaintext', 'previous', 'primary',
    'prod', 'production', 'raw', 'sandbox', 'secondary', 'staging', 'str',
    'string', 'test', 'text', 'val', 'value',
})  # fmt: skip
"""Words behind a name that do not change what it names."""

FUSED = {
    'accesskey': ('access', 'key'),
    'accesskeyid': ('access', 'key', 'id'),
    'accesstoken': ('access', 'token'),
    'accountkey': ('account', 'key'),
    'apikey': ('api', 'key'),
    'apikeys': ('api', 'keys'),
    'apisecret': ('api', 'secret'),
    'apitoken': ('api', 'token'),
    'appkey': ('app', 'key'),
    'appsecret': ('app', 'secret'),
    'authkey': ('auth', 'key'),
    'authtoken': ('auth', 'token'),
    'bearertoken': ('bearer', 'token'),
    'clientid': ('client', 'id'),
    'clientkey': ('client', 'key'),
    'clientsecret': ('client', 'secret'),
    'connectionstring': ('connection', 'string'),
    'connstr': ('conn', 'str'),
    'consumerkey': ('consumer', 'key'),
    'dbpass': ('db', 'pass'),
    'deploykey': ('deploy', 'key'),
    'encryptionkey': ('encryption', 'key'),
    'idtoken': ('id', 'token'),
    'integrationkey': ('integration', 'key'),
    'jwttoken': ('jwt', 'token'),
    'licensekey': ('license', 'key'),
    'masterkey': ('master', 'key'),
    'oauthtoken': ('oauth', 'token'),
    'personalaccesstoken': ('personal', 'access', 'token'),
    'privatekey': ('private', 'key'),
    'privkey': ('private', 'key'),
    'publickey': ('public', 'key'),
    'pubkey': ('public', 'key'),
    'publishablekey': ('publishable', 'key'),
    'refreshtoken': ('refresh', 'token'),
    'routingkey': ('routing', 'key'),
    'secretkey': ('secret', 'key'),
    'secretaccesskey': ('secret', 'access', 'key'),
    'serviceaccountkey': ('service', 'account', 'key'),
    'sessionkey': ('session', 'key'),
    'sessiontoken': ('session', 'token'),
    'sharedaccesskey': ('shared', 'access', 'key'),
    'sharedkey': ('shared', 'key'),
    'signingkey': ('signing', 'key'),
    'sitekey': ('site', 'key'),
    'smtppass': ('smtp', 'pass'),
    'sshkey': ('ssh', 'key'),
    'storagekey': ('storage', 'key'),
    'subscriptionkey': ('subscription', 'key'),
    'tokenurl': ('token', 'url'),
    'userpass': ('user', 'pass'),
    'webhooksecret': ('webhook', 'secret'),
}
"""Words that are written as one, taken apart."""

FUSED_ENDS = ('password', 'passwd', 'passphrase', 'secret', 'passcode')
"""Heads that are recognised at the end of any fused word."""

STEMS = (
    'auth', 'clientid', 'client_id', 'client-id', 'client id', 'clientassert',
    'client_assert', 'client-assert', 'code', 'conn', 'cookie', 'cred',
    'htpasswd', 'jwt', 'key', 'kube', 'mnemonic', 'otp', 'pass', 'pat',
    'pem', 'pgp',
    'phrase', 'psk', 'pw', 'secret', 'token', 'account', 'clientids',
)  # fmt: skip
"""Every secret name holds one of these in lower case (a test says so)."""

_WORD = r'[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+'
_DIVIDED = str.maketrans('-_. 0123456789', ' ' * 14)


def words(name: str) -> list[str]:
    """Return a name's words in lower case; digits only separate them."""
    found: list[str] = []
    for piece in _pieces(name):
        word = piece.lower()
        fused = FUSED.get(word)
        if fused is not None:
            found += fused
            continue
        for end in FUSED_ENDS:
            if word.endswith(end) and word != end:
                found.append(word[: -len(end)])
                word = end
                break
        found.append(word)
    return found


def _pieces(name: str) -> list[str]:
    """Return a name's words as they are written."""
    if name.islower() and name.isascii():
        return name.translate(_DIVIDED).split()
    return _camel().findall(name)


@functools.cache
def _camel() -> re.Pattern[str]:
    """Compile the pattern of words by case when it is first needed."""
    return re.compile(_WORD)


def mentions_secret(text: str) -> bool:
    """Tell whether a secret's name may stand in a text: a quick look."""
    low = text.lower()
    for stem in STEMS:  # noqa: SIM110  twice as fast as `any`
        if stem in low:
            return True
    return False


def is_secret_name(name: str) -> bool:
    """Tell whether a field of this name holds a secret as its value.

    True for `client_secret`, `apiKey`, `SIGNING-KEY`, `pem` and `client_id`
    (ADR 0012, section 5, names the last one); False for `token_endpoint`,
    `kms_key_id`, `use_pkce` or `public_key`. A name only says what a value
    would be: declaring a field of this name is nobody's fault.
    """
    if len(name) > LONGEST_NAME:
        return False
    parts = words(name)
    if not parts or parts[0] in HARMLESS_LEADS:
        return False
    while True:
        head = PLURALS.get(parts[-1], parts[-1])
        if _denied(parts, head):
            return True
        if len(parts) == 1 or head not in QUALIFIERS:
            break
        parts.pop()
    return head not in HARMLESS_HEADS and _is_secret_head(parts, head)


def _denied(parts: list[str], head: str) -> bool:
    """Tell whether the last two or three words are on the deny list."""
    return any(
        (*parts[-size:-1], head) in DENIES
        for size in (2, 3)
        if size <= len(parts)
    )


def _is_secret_head(parts: list[str], head: str) -> bool:
    """Tell whether a last word names a secret, seen with the one before."""
    before = parts[-2] if len(parts) > 1 else ''
    if head in {'key', 'token', 'pem'} and (
        before in HARMLESS_KEY_MODIFIERS
        or (before == 'key' and parts[-3:-2] == ['public'])
    ):
        return False
    if head == 'key':
        return before in KEY_MODIFIERS
    if head == 'pass':
        return not before or before in PASS_MODIFIERS
    return head in HEADS
