"""The host and the port of a URL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk import _text
from imbi_plugin_sdk.urls import _names, _rules
from imbi_plugin_sdk.urls._judgement import (
    HOST_TEXT,
    SLOT,
    STAND_IN,
    filled,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imbi_plugin_sdk.urls._judgement import Judgement, VariableSpec

_NUMERIC = '[0-9]++|0x[0-9a-f]*+'

DEFAULT_PORT = '443'
"""Of the https scheme: RFC 9110 §4.2.2."""


def judge_host(found: Judgement, host: str, port: str | None) -> None:
    """Judge a host of letters, digits, dots, hyphens and placeholders."""
    if '{' not in host:
        judge_name(found, host)
        return
    values: dict[str, Sequence[str]] = {}
    for match in re.finditer(SLOT, host):
        spec = found.specs.get(match[1])
        values[match[1]] = _stand_ins(spec)
        if spec is not None:
            _judge_place(found, spec.kind, match, port)
    usual = {name: choices[0] for name, choices in values.items()}
    before = len(found.problems)
    for name, choices in values.items():
        for choice in choices:
            note = f' with {choice!r}' if len(choices) > 1 else ''
            _judge_filled(found, host, {**usual, name: choice}, note)
            if len(found.problems) > before:
                return  # the other choices would say the same again


def _stand_ins(spec: VariableSpec | None) -> Sequence[str]:
    if spec is not None and spec.kind == 'label':
        return ('v',)
    if spec is not None and spec.kind == 'enum' and spec.choices:
        return spec.choices
    return (STAND_IN,)


def _judge_place(
    found: Judgement, kind: str, match: re.Match[str], port: str | None
) -> None:
    host, name = match.string, match[0]
    if kind in {'segment', 'base_url'}:
        found.add(
            'url_variable_mixed',
            f'{name} is of kind {kind} and stands in the host',
        )
    if kind != 'host':
        return
    before = host[match.start() - 1 : match.start()]
    if match.end() < len(host) or port is not None or before not in {'', '.'}:
        found.add(
            'url_variable_mixed',
            f'{name} is of kind host, may bring a port, and yet is neither '
            'the whole host nor its end',
        )


def _judge_filled(
    found: Judgement, host: str, values: dict[str, str], note: str
) -> None:
    text = filled(host, values)
    match = re.match(HOST_TEXT, text)
    end = match.end() if match else 0
    if end < len(text):
        found.add(
            'url_host_invalid',
            f'the host {_text.shown(host)}{note} holds {text[end]!a}',
        )
    else:
        judge_name(found, text, host, note)


def judge_name(
    found: Judgement, name: str, seen: str = '', note: str = ''
) -> None:
    """Judge a host that has only letters, digits, dots and hyphens."""
    seen = f'the host is {_text.shown(seen or name)}{note}'
    labels = name.lower().split('.')
    if not labels[-1] and len(labels) > 1:
        found.add('url_trailing_dot', seen)
        labels.pop()
    if '' in labels:
        found.add('url_empty_label', seen)
        return
    last = labels[-1]
    if last[0] in '0123456789' and re.fullmatch(_NUMERIC, last):
        # What browsers take for an IPv4 address (URL Standard, "ends in a
        # number"); no top-level domain is a number.
        found.add('url_ip_literal', seen)
        return
    if len(name) > _rules.MAX_HOST or (
        len(max(labels, key=len)) > _rules.MAX_LABEL
    ):
        found.add('url_label_length', seen)
    for label in labels:
        if label[0] == '-' or label[-1] == '-':
            found.add('url_host_invalid', f'{seen} with an outer hyphen')
        elif label.startswith('xn--') and not _is_punycode(label[4:]):
            found.add('url_punycode', seen)
    _judge_reach(found, labels, seen)


def _judge_reach(found: Judgement, labels: list[str], seen: str) -> None:
    """Judge whether the name means one machine for everybody."""
    if labels[-1] in _names.SPECIAL_ENDS:
        for start in range(len(labels)):
            rule = _names.SPECIAL_USE.get('.'.join(labels[start:]))
            if rule is None:
                continue
            if not (found.operator and rule.private and len(labels) > 1):
                found.add('url_special_use', f'{seen} ({rule.source})')
            return
    if len(labels) == 1:
        found.add('url_single_label', seen)


def _is_punycode(text: str) -> bool:
    """Tell whether this is the ASCII form of a label in other letters.

    Close to what UTS 46 asks of a label, which browsers follow; the few
    scripts' rules that are left cannot make another host of it.
    """
    # Few hosts have such a label.
    from unicodedata import normalize  # noqa: PLC0415

    try:
        decoded = text.encode('ascii').decode('punycode')
        again = decoded.encode('punycode').decode('ascii')
    except (UnicodeError, ValueError, OverflowError):
        return False
    return (
        again == text
        and not decoded.isascii()
        and decoded.isprintable()
        and normalize('NFKC', decoded).lower() == decoded
    )


def judge_port(found: Judgement, port: str) -> None:
    """Judge what stands behind a host's colon: digits, or nothing."""
    if not port or port[0] == '0' or int(port) > _rules.MAX_PORT:
        found.add('url_port_invalid', f'the port is {_text.shown(port)}')
    elif port != DEFAULT_PORT:
        found.add('url_port', f'the port is {port}')
