"""Strategies for keys and values of a configuration plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hypothesis.strategies import SearchStrategy

    from imbi_plugin_sdk.handlers.configuration import ConfigValue
    from imbi_plugin_testkit.sandbox import Limits

LONGEST_TRIED = 1_024
"""Characters of a value; the largest allowed is CFG001's to try, since making
up large texts is most of a test's time."""


def keys(limits: Limits) -> SearchStrategy[str]:
    """Return keys that a backend allows.

    None begins or ends with a separator, none has a segment `.` or `..`, and
    none holds `/` unless keys may be nested. Where case does not count, all
    are in lower case, so that two different keys are two keys.

    Args:
        limits: What the backend allows.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    alphabet = limits.key_alphabet.replace('/', '')
    if not limits.case_sensitive_keys:
        alphabet = ''.join(dict.fromkeys(alphabet.lower()))
    if not limits.case_sensitive_keys and not set(alphabet) <= set(
        limits.key_alphabet
    ):
        alphabet = alphabet.upper()
    edge = ''.join(char for char in alphabet if char.isalnum()) or alphabet
    longest = limits.max_key_length

    def word(length: int) -> SearchStrategy[str]:
        if length < 3:  # noqa: PLR2004  first, inner and last character
            return st.text(edge, min_size=1, max_size=length)
        inner = st.text(alphabet, max_size=min(length - 2, 20))
        whole = st.tuples(st.sampled_from(edge), inner, st.sampled_from(edge))
        return st.sampled_from(edge) | whole.map(''.join)

    flat = word(longest)
    if not limits.nested_keys or longest < 5:  # noqa: PLR2004  `ab/cd`
        return flat
    part = word(max(1, longest // 4 - 1))
    nested = st.lists(part, min_size=2, max_size=4).map('/'.join)
    return flat | nested


def values(limits: Limits) -> SearchStrategy[str]:
    """Return values that a backend allows.

    Args:
        limits: What the backend allows; sizes are in bytes of UTF-8.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    alphabet = (
        st.characters(codec='utf-8', exclude_characters='\0')
        if limits.unicode_value
        else st.characters(min_codepoint=32, max_codepoint=126)
        | st.sampled_from('\t\n')
    )
    found = st.text(
        alphabet, max_size=min(limits.max_value_bytes, LONGEST_TRIED)
    )
    if not limits.padded_value:
        found = found.map(str.strip)
    if not limits.multiline_value:
        found = found.map(lambda text: ' '.join(text.splitlines()))
    if not limits.padded_value:
        found = found.map(str.strip)
    if not limits.empty_value:
        found = found.filter(bool)
    return found.filter(
        lambda text: len(text.encode('utf-8')) <= limits.max_value_bytes
    )


def config_values(
    limits: Limits, data_types: Mapping[str, bool] | None = None
) -> SearchStrategy[ConfigValue]:
    """Return values to set, secret or not.

    Args:
        limits: What the backend allows.
        data_types: Name of a data type to whether its values are secret; by
            default those of `limits`, or `string`.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    from imbi_plugin_sdk.handlers.configuration import (  # noqa: PLC0415
        ConfigValue,
    )

    names = list(data_types or limits.data_types or ('string',))
    return st.builds(
        ConfigValue,
        data_type=st.sampled_from(names),
        value=values(limits),
        secret=st.booleans(),
    )
