"""What a handler makes of faults of the remote (ASY004 and ASY005)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.laws import CALLABLE, has_methods
from imbi_plugin_testkit.laws._calls import Calls
from imbi_plugin_testkit.laws._faults import EXPECTED, UNREADABLE, judged
from imbi_plugin_testkit.laws._later import judged_later
from imbi_plugin_testkit.laws._leaks import forms_of
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from imbi_plugin_testkit.lab import Lab

SHORTEST = 8
"""Characters of a credential that cannot be met by accident."""


@check(
    'ASY004',
    title="faults of the remote are the contract's errors",
    fix='Translate in one place: 401 and 403 to PluginAuthenticationFailed, '
    '429 to PluginRateLimited with retry_at=time.time() + Retry-After, a '
    'time-out of your client to PluginTimeoutError, everything else that '
    'keeps the remote from answering to PluginUnavailableError.',
    law=True,
    requires=CALLABLE,
    needs=frozenset({'fault'}),
    applies=has_methods,
)
async def faults_are_errors_of_the_contract(
    lab: Lab,
) -> AsyncIterator[Finding]:
    """What the remote does wrong arrives as the error that says so.

    The host acts on the class: it refreshes credentials once, waits until
    `retry_at`, or tells the user that a service is down. An exception of an
    HTTP client is a defect of the plugin in its eyes, and a result that
    hides an outage looks like an empty store. Every method is called under
    every fault that the sandbox can make: 401, 403, 429, 500, 503, a refused
    or reset connection, a name that does not resolve, a redirect to another
    host (which must not be sent credentials), an answer that is slow (a
    result is fine), and one that never comes. A call of several requests is
    made once more for some of them, failing from that one on: it must raise a
    PluginError then, or return all that it returns otherwise.
    """
    calls = Calls(lab)
    possible = await calls.possible()
    before = len(lab.elsewhere())
    async for finding in judged(lab, calls, possible, EXPECTED):
        yield finding
    for name in _sent_elsewhere(lab, before):
        yield Finding(
            f'credentials[{name!r}]',
            f'where the backend redirects to another host, {name!r} was sent '
            'there; no other host must get a credential.',
            'Do not follow redirects, or send credentials only to the host '
            'that they are for.',
        )
    async for finding in judged_later(lab, calls, possible):
        yield finding


def _sent_elsewhere(lab: Lab, before: int) -> Iterator[str]:
    """Yield the credentials that a redirect gave away."""
    arrived = '\n'.join(lab.elsewhere()[before:])
    for name, value in lab.credentials.items():
        if len(value) >= SHORTEST and forms_of(arrived, value):
            yield name


@check(
    'ASY005',
    title='an answer that cannot be read is a PluginError',
    fix='Catch what your parser and your models raise, KeyError and '
    'ValidationError included, and raise PluginUnavailableError.',
    law=True,
    requires=CALLABLE,
    needs=frozenset({'fault'}),
    applies=has_methods,
)
async def unreadable_answers_are_told(lab: Lab) -> AsyncIterator[Finding]:
    """A malformed or truncated answer is an error of the contract.

    A proxy in between answers with a page of HTML, or a connection breaks in
    the middle. A bare JSONDecodeError or KeyError reads as a defect of the
    plugin, and quotes the answer, secrets included; an empty list in its
    place reads as a store that lost everything. Every method is called while
    the backend answers 200 with a body that is no JSON, and with one that
    ends too soon. A write may succeed, for its status was good.
    """
    calls = Calls(lab)
    async for finding in judged(
        lab, calls, await calls.possible(), UNREADABLE
    ):
        yield finding
