"""Reserved names as data: hosts, OAuth parameters, words for secrets."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class SpecialUse(NamedTuple):
    """One reserved suffix.

    Attributes:
        source: Who reserves it.
        private: Whether a private network may really use it, so that an
            operator, though never a package, may name a host below it.
    """

    source: str
    private: bool


SPECIAL_USE: Mapping[str, SpecialUse] = types.MappingProxyType(
    {
        # The longest suffix decides. IANA, Special-Use Domain Names, 2025;
        # every special-use name below `arpa` is covered by `arpa`.
        'alt': SpecialUse('RFC 9476', private=False),
        'arpa': SpecialUse('RFC 3172', private=False),
        'home.arpa': SpecialUse('RFC 8375', private=True),
        'example': SpecialUse('RFC 6761 §6.5', private=False),
        'example.com': SpecialUse('RFC 6761 §6.5', private=False),
        'example.net': SpecialUse('RFC 6761 §6.5', private=False),
        'example.org': SpecialUse('RFC 6761 §6.5', private=False),
        'invalid': SpecialUse('RFC 6761 §6.4', private=False),
        'local': SpecialUse('RFC 6762 §3', private=True),
        'localhost': SpecialUse('RFC 6761 §6.3', private=False),
        'onion': SpecialUse('RFC 7686', private=False),
        'test': SpecialUse('RFC 6761 §6.2', private=True),
        # In no public DNS either, by other sources.
        'internal': SpecialUse('ICANN, 29 July 2024', private=True),
        'mail': SpecialUse('ICANN, 4 February 2018', private=True),
        'corp': SpecialUse('RFC 6762 appendix G', private=True),
        'home': SpecialUse('RFC 6762 appendix G', private=True),
        'intranet': SpecialUse('RFC 6762 appendix G', private=True),
        'lan': SpecialUse('RFC 6762 appendix G', private=True),
        'private': SpecialUse('RFC 6762 appendix G', private=True),
        'localdomain': SpecialUse('hosts(5), loopback', private=False),
        # Cloud machines answer here with credentials of their own.
        'metadata.google.internal': SpecialUse(
            'Google Cloud instance metadata', private=False
        ),
        'instance-data.ec2.internal': SpecialUse(
            'AWS instance metadata', private=False
        ),
    }
)

SPECIAL_ENDS: frozenset[str] = frozenset(
    name.rpartition('.')[2] for name in SPECIAL_USE
)
"""Last labels of special-use names: most hosts need no other look."""

_BY_HOST = 'Leave it out: the host adds it to each request.'
_BY_APPLICATION = (
    "Leave it out: the host adds it from the operator's service application."
)
_TO_PARAMS = 'Move it to `authorization_params`.'
_NEVER = 'Leave it out: it is not for a template to send.'

RESERVED_PARAMETERS: Mapping[str, str] = types.MappingProxyType(
    {
        # IANA, OAuth Parameters, those of an authorization, token or
        # revocation request; and where each belongs.
        'scope': 'Move it to `default_scopes`.',
        'client_id': _BY_APPLICATION,
        'client_secret': _BY_APPLICATION,
        'client_assertion': _BY_APPLICATION,
        'client_assertion_type': _BY_APPLICATION,
        'redirect_uri': _BY_HOST,
        'response_type': _BY_HOST,
        'state': _BY_HOST,
        'nonce': _BY_HOST,
        'code': _BY_HOST,
        'grant_type': _BY_HOST,
        'refresh_token': _BY_HOST,
        'access_token': _BY_HOST,
        'token': _BY_HOST,
        'token_type_hint': _BY_HOST,
        'device_code': _BY_HOST,
        'code_challenge': 'Leave it out, and set `use_pkce`.',
        'code_challenge_method': 'Leave it out, and set `use_pkce`.',
        'code_verifier': 'Leave it out, and set `use_pkce`.',
        'assertion': _NEVER,
        'username': _NEVER,
        'password': _NEVER,
        'request': _NEVER,
        'request_uri': _NEVER,
        'dpop_jkt': _NEVER,
        'response_mode': _TO_PARAMS,
        'prompt': _TO_PARAMS,
        'display': _TO_PARAMS,
        'max_age': _TO_PARAMS,
        'ui_locales': _TO_PARAMS,
        'claims': _TO_PARAMS,
        'claims_locales': _TO_PARAMS,
        'id_token_hint': _TO_PARAMS,
        'login_hint': _TO_PARAMS,
        'acr_values': _TO_PARAMS,
        'authorization_details': _TO_PARAMS,
        'resource': _TO_PARAMS,
        'audience': _TO_PARAMS,
    }
)

HOST_PARAMETERS: Mapping[str, str] = types.MappingProxyType(
    {
        name: place
        for name, place in RESERVED_PARAMETERS.items()
        if place != _TO_PARAMS
    }
)
"""Those that `authorization_params` may not hold either, and why."""

SECRET_WORDS: frozenset[str] = frozenset(
    {
        'apikey',
        'bearer',
        'credential',
        'credentials',
        'jwt',
        'passphrase',
        'passwd',
        'password',
        'pwd',
        'secret',
        'sig',
        'signature',
        'token',
    }
)
"""Words that name a secret wherever they stand in a parameter's name."""

SECRET_ENDS: tuple[str, ...] = ('password', 'secret', 'signature', 'token')
"""Ends of a word that name a secret, as in `accesstoken`."""

SECRET_KEYS: frozenset[str] = frozenset(
    {
        'access',
        'account',
        'api',
        'auth',
        'encryption',
        'function',
        'master',
        'private',
        'secret',
        'shared',
        'signing',
        'subscription',
    }
)
"""Words that make `key` behind them a secret, as in `api-key`."""

HARMLESS_ENDS: frozenset[str] = frozenset(
    {
        'endpoint',
        'expiry',
        'hint',
        'id',
        'kind',
        'length',
        'link',
        'method',
        'name',
        'required',
        'ttl',
        'type',
        'uri',
        'url',
    }
)
"""Last words that make a secret's name the name of something about it."""
