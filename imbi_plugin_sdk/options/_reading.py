"""What a handler reads from the options and credentials of one call.

The host hands on what operators entered, and forms and graphs make text of
numbers; so every plugin has to read the same few things with the same care.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import listed
from imbi_plugin_sdk.errors import (
    PluginAuthenticationFailed,
    PluginCredentialsMissing,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imbi_plugin_sdk.manifest import CredentialField

_VISIBLE = re.compile(r'[\x21-\x7e]+')
"""What a token is made of (RFC 5234 `VCHAR`): a header carries it as it is,
and nothing of it ends a header or begins another (RFC 9110 §5.5)."""


def read_credentials(
    declared: Iterable[CredentialField],
    given: Mapping[str, str],
    *,
    for_header: bool = True,
) -> dict[str, str]:
    """Return the credentials of a call, by the manifest's names.

    White space around them comes from pasting, and is left out.

    Args:
        declared: The manifest's `credentials`.
        given: As the handler is given it.
        for_header: Whether they go into headers of a request, which only
            visible ASCII does; False for those that are encoded first.

    Returns:
        Name to text. Optional ones that are absent or blank are absent, as
        is what the manifest does not declare.

    Raises:
        PluginCredentialsMissing: It names every required one that is absent
            or blank (law ASY003).
        PluginAuthenticationFailed: One of them is no text, or no header can
            carry it. It is named and not quoted (law SEC001).
    """
    found: dict[str, str] = {}
    missing: list[str] = []
    for field in declared:
        text = _text_of(field.name, given.get(field.name)).strip()
        if text:
            found[field.name] = text
        elif field.required:
            missing.append(field.name)
    if missing:
        raise PluginCredentialsMissing(
            f'{listed(missing, "and")} must be given, and may not be blank. '
            "Enter what is missing on the service's application."
        )
    if for_header:
        for name, text in found.items():
            if not _VISIBLE.fullmatch(text):
                raise PluginAuthenticationFailed(
                    f'The credential {name} holds white space or characters '
                    'beyond ASCII, which no header can carry. Enter it anew.'
                )
    return found


def _text_of(name: str, value: object) -> str:
    """Return a credential's text; blank for one that is absent.

    Raises:
        PluginAuthenticationFailed: It is something else.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ''
    raise PluginAuthenticationFailed(
        f'The credential {name} must be text, not {type(value).__name__}. '
        'Hand it on as text.'
    )


def read_text(options: Mapping[str, Any], name: str, default: str = '') -> str:
    """Return an option that is text, without white space around it.

    Args:
        options: `ctx.assignment_options`.
        name: Of the option.
        default: For an option that is absent, None or blank.

    Raises:
        ValueError: It is something else, which is named and not quoted.
    """
    value = options.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise ValueError(  # noqa: TRY004  how the contract refuses arguments
            f'The option {name} must be text, not {type(value).__name__}.'
        )
    return value.strip() or default


def read_seconds(
    options: Mapping[str, Any],
    name: str = 'timeout',
    *,
    default: float,
    longest: float,
) -> float:
    """Return an option that is a number of seconds, fractions included.

    Args:
        options: `ctx.assignment_options`.
        name: Of the option.
        default: For an option that is absent, None or empty.
        longest: What nobody would wait longer than.

    Raises:
        ValueError: It is no number above 0 and up to `longest`.
    """
    value = options.get(name)
    if value is None or value == '':
        return default
    seconds = math.nan
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            seconds = float(value)
        except (ValueError, OverflowError):
            seconds = math.nan
    if not 0 < seconds <= longest:
        raise ValueError(
            f'The option {name} must be a number of seconds, above 0 and at '
            f'most {longest:g}.'
        )
    return seconds
