"""The two values that a problem of the SDK compares, out of its words.

A problem that the SDK finds while a manifest is made comes from another
process, as words. Where these name what stands there and what must, both are
shown under one another; the words are as careful with secrets as ever.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imbi_plugin_testkit.comparing import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.errors import Problem

_GIVEN = r'(?P<seen>.+) was given where (?P<expected>.+) must stand\.'

PATTERNS: Mapping[str, str] = {
    'annotation_contradicts': (
        r'is annotated (?P<seen>.+), but the host (?:passes|expects) '
        r'(?P<expected>.+)\.'
    ),
    'api_version_invalid': (
        r'the api_version is (?P<seen>.+); it must be (?P<expected>.+)\.'
    ),
    'flag_wrong_type': (
        r'.+ is set on a plugin of (?P<seen>type \w+), but only one of '
        r'(?P<expected>type \w+) can keep the promise\.'
    ),
    'option_default_choice': (
        r'the default (?P<seen>.+) is not among the choices\..*'
        r'\nUse one of (?P<expected>.+)\.'
    ),
    'option_default_type': (
        r'the default is (?P<seen>.+), but an option of type .+ takes '
        r'(?P<expected>.+)\.'
    ),
    'wrong_choice': (
        r'(?P<seen>.+) is not one of .+\nUse one of (?P<expected>.+)\.'
    ),
    'wrong_type': _GIVEN,
    'wrong_value': _GIVEN,
}
"""Code to what finds both values in message and, on the next line, fix."""


def values_of(problem: Problem) -> tuple[Words, Words] | None:
    """Return what was seen and what must be, where a problem compares."""
    pattern = PATTERNS.get(problem.code)
    if pattern is None:
        return None
    found = re.match(pattern, f'{problem.message}\n{problem.fix}')
    return found and (Words(found['seen']), Words(found['expected']))
