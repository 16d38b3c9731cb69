"""What a refusal of AWS means, by what was asked."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from imbi_plugin_ssm.answers import ServiceError

from imbi_plugin_aws.identity.client import NAME
from imbi_plugin_sdk import (
    IdentityAuthorizationExpired,
    IdentityAuthorizationPending,
    PluginAuthenticationFailed,
    PluginUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    Meaning = tuple[type[Exception], str]
    Meanings = Mapping[str, Meaning]

_CLIENT: Meaning = (
    PluginAuthenticationFailed,
    'the registered client is not accepted; delete client_id and '
    'client_secret, and sign in anew',
)
_SIGN_IN: Meaning = (PluginAuthenticationFailed, 'sign in anew')
_WAIT: Meaning = (
    IdentityAuthorizationPending,
    'the person has not answered yet',
)

BEGIN: Meanings = {
    'InvalidClientException': _CLIENT,
    'UnauthorizedClientException': _CLIENT,
    'InvalidRequestException': (
        ValueError,
        'the option start_url names no AWS access portal of this region',
    ),
    'InvalidScopeException': (
        ValueError,
        'one of the scopes is none that it knows',
    ),
}
"""Code of AWS to the error it is, and what the one who asked should read."""

EXCHANGE: Meanings = {
    'AuthorizationPendingException': _WAIT,
    'SlowDownException': _WAIT,
    'ExpiredTokenException': (
        IdentityAuthorizationExpired,
        'the code was not used in time; sign in anew',
    ),
    'AccessDeniedException': (
        PluginAuthenticationFailed,
        'the person declined',
    ),
    'InvalidGrantException': _SIGN_IN,
    'InvalidRequestException': _SIGN_IN,
    'InvalidClientException': _CLIENT,
    'UnauthorizedClientException': _CLIENT,
}

REFRESH: Meanings = {
    'AccessDeniedException': _SIGN_IN,
    'ExpiredTokenException': _SIGN_IN,
    'InvalidGrantException': _SIGN_IN,
    'InvalidRequestException': _SIGN_IN,
    'InvalidClientException': _CLIENT,
    'UnauthorizedClientException': _CLIENT,
}

PORTAL: Meanings = {
    'UnauthorizedException': _SIGN_IN,
    'ForbiddenException': (
        PluginAuthenticationFailed,
        'the person does not have this role in this account',
    ),
    'ResourceNotFoundException': (
        ValueError,
        'there is no such account or role; check account_id and role_name',
    ),
    'InvalidRequestException': (
        ValueError,
        'check account_id and role_name',
    ),
}


@contextlib.contextmanager
def meaning(asked: str, meanings: Meanings) -> Generator[None]:
    """Turn a refusal into the error that it is for the one who asked.

    Args:
        asked: The action, for the message.
        meanings: Code to error and advice; other codes are an outage.
    """
    code = ''
    try:
        yield
    except ServiceError as error:
        code = error.code
    if code:
        kind, advice = meanings.get(
            code, (PluginUnavailableError, 'try again')
        )
        raise kind(f'{NAME} answered {asked} with {code}: {advice}.')
