"""The rules of template URLs as data: kinds, limits and codes."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

UrlKind = Literal['endpoint', 'issuer', 'link', 'service']
"""What a URL is for; `KINDS` says what follows from it."""

VariableKind = Literal['label', 'host', 'segment', 'enum', 'base_url']
"""What may stand in for a `{placeholder}`; `VARIABLE_KINDS` explains."""

MAX_URL = 2048
"""Characters of a URL: what old browsers, proxies and CDNs still carry."""

MAX_HOST = 253
"""Characters of a host name: RFC 1035 §2.3.4, 255 octets on the wire."""

MAX_LABEL = 63
"""Characters of a DNS label: RFC 1035 §2.3.4."""

MAX_PORT = 65535
"""The highest TCP port: sixteen bits, RFC 9293 §3.1."""

MAX_NAME = 64
"""Characters of a variable's name: the bound that slugs have too."""

MAX_VALUE = 255
"""Characters of a variable's value: a host name fits, an essay does not."""

MAX_PATTERN = 200
"""Characters of a variable's pattern: more is not read by anyone."""

MAX_PATTERN_WORK = MAX_VALUE**3
"""Ways a pattern may match one value: three open ends. The worst pattern
found takes about 15 ms on the longest value."""


class KindRule(NamedTuple):
    """What one kind of URL may hold.

    Attributes:
        query: `plain` (no OAuth parameters), `none`, or `free`.
        fragment: Whether a `#fragment` is legal.
        noun: How messages call it.
    """

    query: Literal['plain', 'none', 'free']
    fragment: bool
    noun: str


KINDS: Mapping[UrlKind, KindRule] = types.MappingProxyType(
    {
        # RFC 6749 §3.1 and §3.2: a query is legal, a fragment is not.
        'endpoint': KindRule('plain', fragment=False, noun='an endpoint'),
        # RFC 8414 §2: neither a query nor a fragment.
        'issuer': KindRule('none', fragment=False, noun='an issuer'),
        'link': KindRule('free', fragment=True, noun='a link'),
        'service': KindRule('free', fragment=True, noun='a service URL'),
    }
)

VARIABLE_KINDS: Mapping[VariableKind, str] = types.MappingProxyType(
    {
        'label': 'one DNS label, as in `acme`',
        'host': 'a host name with an optional port, as in `git.acme.com`',
        'segment': 'one path segment, as in `my-realm`',
        'enum': 'one of its choices',
        'base_url': 'an https origin with an optional path, as in '
        '`https://git.acme.com/sso`',
    }
)

GOOD_URL = 'https://gitlab.com/oauth/token'
"""The good example of most fixes below."""


class Rule(NamedTuple):
    """What messages say of one rule.

    Attributes:
        must: What must hold, as the second half of a message.
        fix: How to mend it, where nothing more is known.
    """

    must: str
    fix: str


RULES: Mapping[str, Rule] = types.MappingProxyType(
    {
        'url_type': Rule(
            'a URL is text',
            f'Write it as a string, as in "{GOOD_URL}".',
        ),
        'url_blank': Rule(
            'a URL that is given is not blank',
            f'Leave the field out, or write "{GOOD_URL}".',
        ),
        'url_too_long': Rule(
            f'a URL has at most {MAX_URL} characters, which is what proxies '
            'and older browsers still carry',
            'Use the short form of the address, without a long query.',
        ),
        'url_scheme': Rule(
            'a URL begins with `https://`',
            f'Write the whole address, as in "{GOOD_URL}".',
        ),
        'url_userinfo': Rule(
            'nothing stands in front of the host: user names and passwords '
            'there leak into logs, and hide which host is meant',
            'Remove everything up to and with the `@`, and declare a '
            'credential in the manifest instead.',
        ),
        'url_ip_literal': Rule(
            'a host is a name and not an address, in whichever notation '
            '(`127.1` and `0x7f000001` are addresses too)',
            'Write the DNS name, as in "gitlab.com".',
        ),
        'url_single_label': Rule(
            'a host has at least two labels, or it means another machine in '
            'each network',
            'Write the full name, as in "gitlab.com"; where operators run '
            'the service, use a variable of kind host.',
        ),
        'url_special_use': Rule(
            'a host is a public name, and this one is reserved for special '
            'use',
            'Write the vendor\'s real host, as in "gitlab.com"; where '
            'operators run the service, use a variable of kind host.',
        ),
        'url_trailing_dot': Rule(
            'a host does not end in a dot: certificates and cookies treat '
            'that as another host',
            'Remove the last dot, as in "gitlab.com".',
        ),
        'url_empty_label': Rule(
            'no label of a host is empty',
            'Remove the extra dot, as in "gitlab.com".',
        ),
        'url_label_length': Rule(
            f'a DNS label has at most {MAX_LABEL} characters and a host '
            f'{MAX_HOST}',
            'Check the host for a slip; DNS knows no longer names.',
        ),
        'url_host_invalid': Rule(
            'a host consists of letters, digits, dots and inner hyphens',
            'Write the DNS name, as in "gitlab.com".',
        ),
        'url_punycode': Rule(
            'a label that begins with `xn--` is valid Punycode (RFC 3492)',
            'Copy the host from the address bar of a browser.',
        ),
        'url_non_ascii_host': Rule(
            'a host is written in ASCII, since look-alike letters make '
            'another host',
            'Write the `xn--` form of the name.',
        ),
        'url_port_invalid': Rule(
            f'a port is a number from 1 to {MAX_PORT} without leading zeros',
            'Leave the port out, as in "https://gitlab.com/".',
        ),
        'url_port': Rule(
            'vendors serve https on port 443, and firewalls let that out',
            'Leave the port out if the service answers on 443 too; keep it '
            'if not.',
        ),
        'url_backslash': Rule(
            'a URL has forward slashes only: browsers read `\\` as `/` and '
            'other parsers do not',
            'Replace `\\` with `/`, or remove it.',
        ),
        'url_control': Rule(
            'a URL is printable ASCII without white space',
            'Remove the character, or percent-encode it as UTF-8.',
        ),
        'url_character': Rule(
            'a URL has only the characters of RFC 3986, §2',
            'Percent-encode the character, as in `%5B` for `[`.',
        ),
        'url_percent': Rule(
            'a percent sign is followed by two hexadecimal digits',
            'Write `%25` for a percent sign that stands for itself.',
        ),
        'url_dot_segment': Rule(
            'no path segment is `.` or `..`, in whichever spelling',
            'Write the path that is meant, as in "/oauth/token".',
        ),
        'url_encoded_delimiter': Rule(
            'no path has an encoded `/`, `\\` or `.` (also encoded twice): '
            'servers disagree whether it splits the path',
            'Write the character itself, or leave it out.',
        ),
        'url_query': Rule(
            'an issuer has no query (RFC 8414, §2)',
            'Remove everything from the `?` on.',
        ),
        'url_query_reserved': Rule(
            'no query has a parameter that OAuth reserves',
            'Leave it out: the host adds it to each request.',
        ),
        'url_query_secret': Rule(
            'no query has a parameter that is named like a secret',
            'Remove it, and declare a credential in the manifest instead; '
            'if the value was real, revoke it.',
        ),
        'url_fragment': Rule(
            'an endpoint has no fragment (RFC 6749, §3.1) and neither has '
            'an issuer (RFC 8414, §2)',
            'Remove everything from the `#` on.',
        ),
        'url_grammar': Rule(
            'a URL has the form `https://host/path`',
            f'Compare it with "{GOOD_URL}".',
        ),
        'url_variable_syntax': Rule(
            'a placeholder is `{name}` (RFC 6570, level 1): a letter, then '
            'letters, digits and underscores',
            'Write it as in "https://{tenant}.okta.com/oauth2"; encode a '
            'brace that stands for itself as `%7B` or `%7D`.',
        ),
        'url_variable_undeclared': Rule(
            'each placeholder is declared in `variables`',
            'Declare it, as in `variables={"tenant": {"kind": "label", '
            '"label": "Tenant"}}`.',
        ),
        'url_variable_unused': Rule(
            'each variable is used by a URL of the template',
            'Use it as a `{placeholder}`, or remove it.',
        ),
        'url_variable_position': Rule(
            'no placeholder stands in a scheme, in userinfo, in a port or in '
            "a query's name",
            'Move it into the host, the path or a value of the query; a '
            'variable of kind host may bring its port with it.',
        ),
        'url_variable_mixed': Rule(
            "a placeholder's kind fits its place: `label`, `enum` and, at "
            'the end, `host` in a host; anything but `base_url` in path and '
            'query; `base_url` first, in place of the origin',
            'Change the kind of the variable, or the place where it is used.',
        ),
        'variable_name': Rule(
            f'a name has at most {MAX_NAME} characters: a letter, then '
            'letters, digits and underscores',
            'Rename the variable, as in "tenant".',
        ),
        'variable_kind': Rule(
            f'a kind is one of {", ".join(VARIABLE_KINDS)}',
            'Name the kind of value that an operator will enter.',
        ),
        'variable_choices': Rule(
            'kind `enum`, and no other, has a list of distinct `choices`, '
            'each fit for a path segment',
            'Write it as in `{"kind": "enum", "choices": ["us", "eu"]}`, or '
            'change the kind.',
        ),
        'variable_default': Rule(
            'a default is a value that would be accepted from an operator',
            'Correct the default, or leave it out.',
        ),
        'variable_pattern': Rule(
            'a pattern is a simple regular expression: it compiles, has no '
            'lookaround, flag or backreference, repeats no group, and has '
            'few open ends, so that no value can stall the host',
            'Write it as in "[a-z][a-z0-9-]{2,30}".',
        ),
        'variable_value': Rule(
            'a value fits the kind and the pattern of its variable',
            'Enter the value that the vendor gave you, and nothing else.',
        ),
        'variable_missing': Rule(
            'each variable without a default gets a value',
            'Enter a value.',
        ),
        'variable_unknown': Rule(
            'values are given for declared variables only',
            'Correct the name, or leave the value out.',
        ),
    }
)

WARNING_CODES: frozenset[str] = frozenset({'url_port'})
"""Codes that are advice; every other code is an error."""
