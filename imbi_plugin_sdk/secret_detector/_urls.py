"""Secrets inside addresses: user parts, queries, webhooks, one-time keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk.secret_detector import _names, _shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_SCHEME = 24
"""No registered scheme has more characters."""

SIGNED = frozenset({
    'hdnea', 'hdnts', 'policy', 'sig', 'signature', 'x-amz-credential',
    'x-amz-security-token', 'x-amz-signature', 'x-goog-credential',
    'x-goog-signature', 'x-oss-signature', 'x-cos-security-token',
})  # fmt: skip
"""Query names of signed addresses: whoever has the address may use it."""

RANDOM_ONLY = frozenset({'auth', 'code', 'hash', 'k', 'key', 'p', 't'})
"""Query names that carry a secret only when their value looks random."""

WEBHOOKS = (
    ('slack-webhook', r'hooks\.slack(?:-gov)?\.com',
     r'/(?:services|workflows|triggers)/[A-Za-z0-9]+/[A-Za-z0-9/]{16,}'),
    ('discord-webhook', r'(?:(?:ptb|canary)\.)?discord(?:app)?\.com',
     r'/api/(?:v\d+/)?webhooks/\d{15,21}/[A-Za-z0-9_-]{40,}'),
    ('teams-webhook', r'[a-z0-9.-]+\.webhook\.office\.com',
     r'/webhookb2/[0-9a-f-]{36}@[0-9a-f-]{36}/.+/[0-9a-f]{32}'),
    ('teams-webhook', r'outlook\.office(?:365)?\.com',
     r'/webhook/[0-9a-f-]{36}@[0-9a-f-]{36}/.+/[0-9a-f]{32}'),
    ('zapier-webhook', r'hooks\.zapier\.com',
     r'/hooks/catch/\d+/[A-Za-z0-9]{5,}'),
    ('ifttt-webhook', r'maker\.ifttt\.com',
     r'/trigger/[^/]+/(?:json/)?with/key/[A-Za-z0-9_-]{16,}'),
    ('make-webhook', r'hook\.(?:[a-z0-9]+\.)?make\.com', r'/[a-z0-9]{24,}'),
    ('pagerduty-integration', r'events(?:\.eu)?\.pagerduty\.com',
     r'/integration/[0-9a-zA-Z]{20,}'),
    ('telegram-bot-url', r'api\.telegram\.org',
     r'/bot\d{8,10}:[A-Za-z0-9_-]{30,}'),
    ('feishu-webhook', r'open\.(?:feishu\.cn|larksuite\.com)',
     r'/open-apis/bot/v2/hook/[0-9a-f-]{36}'),
    ('webhook-site', r'webhook\.site', r'/[0-9a-f-]{36}'),
    ('mattermost-webhook', r'[a-z0-9.-]+', r'/hooks/[a-z0-9]{26}(?![a-z0-9])'),
    ('grafana-webhook', r'[a-z0-9-]+\.grafana\.net',
     r'/oncall/integrations/v1/[^/]+/[A-Za-z0-9]{20,}'),
    ('airtable-webhook', r'hooks\.airtable\.com',
     r'/workflows/v1/genericWebhook/[A-Za-z0-9/]{30,}'),
)  # fmt: skip
"""Rule, host and path (patterns) of addresses that need no other secret."""

WEBHOOK_HINTS = (
    'hook', 'pagerduty.com', 'telegram.org', 'ifttt.com', 'oncall',
    'slack.com/', 'discord',
)  # fmt: skip
"""One of these stands in every address that WEBHOOKS describe."""

PUBLIC_USER_HOSTS = ('.sentry.io', '.bugsnag.com', '.gitlab.net')
"""Hosts whose user part is a public key (a Sentry DSN, for one)."""

LEAST_USER_TOKEN = 16
"""Characters of a user part without password that may be a token."""

_STOPS = str.maketrans(dict.fromkeys('"\'<>`\\\t\n\r\v\f', ' '))


def find(text: str) -> Iterator[tuple[str, int, int, bool]]:
    """Yield (rule, start, end, is placeholder) for secrets in addresses."""
    plain = text.translate(_STOPS)
    at = text.find('://')
    while at != -1:
        begin = at
        while (
            begin > 0
            and at - begin < LONGEST_SCHEME
            and (text[begin - 1].isalnum() or text[begin - 1] in '+.-')
        ):
            begin -= 1
        end = plain.find(' ', at)
        if end == -1:
            end = len(text)
        if begin < at:
            scheme = text[begin:at].lower()
            yield from _judge(text[at + 3 : end], at + 3, scheme)
        at = text.find('://', max(end, at + 3))


def _judge(
    rest: str, offset: int, scheme: str
) -> Iterator[tuple[str, int, int, bool]]:
    """Yield what one address carries; `rest` follows its scheme."""
    cut = _first(rest, '/?#')
    authority, tail = rest[:cut], rest[cut:]
    before, at_sign, host = authority.rpartition('@')
    if not at_sign and '@' in tail and ':' in authority:
        # A password with a slash in it: parsers disagree, authors slip.
        before, host = authority, ''
        at_sign = '@'
    if at_sign:
        yield from _userinfo(before, offset, host.lower())
    mark = _first(tail, '?#')
    if mark < len(tail):
        start = offset + cut + mark + 1
        yield from _query(tail[mark + 1 :], start, scheme)
    low = rest.lower()
    if any(hint in low for hint in WEBHOOK_HINTS):
        yield from _webhook(host.lower(), tail, offset + cut)


def _first(text: str, characters: str) -> int:
    """Return where the first of some characters stands, or the length."""
    places = [text.find(character) for character in characters]
    return min((place for place in places if place >= 0), default=len(text))


def _userinfo(
    before: str, offset: int, host: str
) -> Iterator[tuple[str, int, int, bool]]:
    """Yield a password, or a token in a user's place."""
    user, colon, password = before.partition(':')
    if colon and password and password != 'x-oauth-basic':  # noqa: S105  GitHub's own word for "no password"
        if _is_hole(password):
            return
        start = offset + len(user) + 1
        made_up = _shapes.is_placeholder(password) or password == user
        yield 'url-userinfo', start, start + len(password), made_up
        if not made_up:
            return
    if host.partition(':')[0].endswith(PUBLIC_USER_HOSTS):
        return
    if len(user) >= LEAST_USER_TOKEN and _shapes.looks_random(user):
        made_up = _shapes.is_placeholder(user)
        yield 'url-userinfo', offset, offset + len(user), made_up


def _is_hole(value: str) -> bool:
    """Tell whether an operator or a template fills this part in."""
    return _shapes.is_template(value) or value.strip('*{}$%[]') == ''


def _query(
    query: str, offset: int, scheme: str
) -> Iterator[tuple[str, int, int, bool]]:
    """Yield values of query and fragment whose name says secret."""
    for pair in re.split('[&;?#]', query):
        name, equals, value = pair.partition('=')
        start = offset + len(name) + 1
        offset += len(pair) + 1
        if not equals or not value or _is_hole(value):
            continue
        low = name.lower()
        if low in SIGNED:
            rule = 'url-signature'
        elif low in RANDOM_ONLY:
            if not _shapes.looks_random(value):
                continue
            rule = 'url-query'
        elif _names.is_secret_name(name):
            rule = 'otpauth' if scheme == 'otpauth' else 'url-query'
        else:
            continue
        if _shapes.is_reference(value):
            continue
        made_up = _shapes.is_placeholder(value)
        yield rule, start, start + len(value), made_up


def _webhook(
    host: str, tail: str, offset: int
) -> Iterator[tuple[str, int, int, bool]]:
    """Yield the path of an address that needs no other secret."""
    host = host.partition(':')[0]
    for rule, hosts, path in WEBHOOKS:
        match = _shapes.compiled(path).match(tail)
        if match and _shapes.compiled(hosts).fullmatch(host):
            piece = re.split('[/:]', match[0])[-1]
            if not _shapes.is_placeholder(piece):
                yield rule, offset, offset + match.end(), False
            return
