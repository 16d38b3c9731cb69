"""Requests to GitHub, and what its refusals mean.

Facts (GitHub documentation, "Best practices", "Rate limits" and
"Troubleshooting the REST API"): a limit is 403 or 429, the primary one with
`x-ratelimit-remaining: 0` and the second of its end in `x-ratelimit-reset`, a
secondary one with `retry-after` or by its words alone, and then at least a
minute should pass; what a token may not see is 404; a User-Agent is required;
a repository that moved is a redirect.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import json
import math
import time
import urllib.parse
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import anyio._backends._asyncio as _anyio_backend
import httpcore
import httpx

from imbi_plugin_github import answers
from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginError,
    PluginRateLimited,
    PluginTimeoutError,
    PluginUnavailableError,
)
from imbi_plugin_sdk.throttling import SOONEST, retry_at

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Mapping

    from imbi_plugin_github.answers import Item

API_VERSION = '2022-11-28'
"""Served by github.com, by Enterprise Cloud, and by servers since 3.9."""

HEADERS: Mapping[str, str] = {
    'Accept': 'application/vnd.github+json',
    'User-Agent': 'imbi-plugin-github',
    'X-GitHub-Api-Version': API_VERSION,
}

IMPORTED_EARLY = (httpcore, _anyio_backend)
"""httpx imports these with its first request; in the event loop that takes
longer than law ASY007 allows."""

PAUSE = 60.0
"""Seconds to wait where a limit says nothing ("Rate limits for the REST
API": "wait for at least one minute")."""

LONGEST_PAUSE = 2 * 3_600.0
"""Seconds after which a reset is taken for a mistake; windows are an hour."""

SHOWN = 200
"""Characters of GitHub's own words in a message of ours."""

_REFUSALS = frozenset({400, 404, 409, 410, 422})
"""Statuses that are about what was asked, and not about GitHub."""


class RefusedError(ValueError):
    """GitHub understood, and will not; nothing changed.

    Attributes:
        status: 400, 404, 409, 410 or 422.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        """Return the message alone."""
        return str(self.args[0])


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """What GitHub answered.

    Attributes:
        status: One that says something about what was asked.
        headers: Name in lower case to value.
        content: The body as it came.
    """

    status: int
    headers: Mapping[str, str] = dataclasses.field(repr=False)
    content: bytes = dataclasses.field(repr=False)

    @property
    def found(self) -> bool:
        """Return whether it is what was asked for."""
        return self.status < HTTPStatus.BAD_REQUEST

    def json(self) -> object:
        """Return the body as JSON.

        Raises:
            PluginUnavailableError: It is none.
        """
        found = answers.parsed(self.content)
        if found is None:
            raise answers.malformed('the body is no JSON')
        return found

    def item(self, what: str = 'the body') -> Item:
        """Return the body as a JSON object.

        Raises:
            PluginUnavailableError: It is none.
        """
        return answers.item_of(self.json(), what)

    def refused(self, what: str, secret: str = '') -> RefusedError:
        """Return the error for a refusal.

        Args:
            what: What was asked for, as the subject of a sentence.
            secret: Is not repeated, should GitHub quote it.
        """
        said = _said(self.content, secret)
        if self.status == HTTPStatus.NOT_FOUND:
            return RefusedError(
                f'{what} is not at GitHub, or the token may not see it.',
                self.status,
            )
        return RefusedError(
            f'GitHub refuses {what}{said} ({self.status}).', self.status
        )


class Wire:
    """Asks GitHub on behalf of one call of a plugin."""

    def __init__(self, http: httpx.AsyncClient, authorization: str) -> None:
        self._http = http
        self._headers = dict(HEADERS)
        if authorization:
            self._headers['Authorization'] = authorization

    async def ask(
        self,
        method: str,
        url: str,
        *,
        body: object = None,
        form: Mapping[str, str] | None = None,
        authorization: str = '',
    ) -> Reply:
        """Make one request; nothing is asked twice, and no redirect followed.

        Args:
            method: Of HTTP.
            url: In full, escaped.
            body: Sent as JSON, unless it is None.
            form: Sent as a page's form is, unless it is None; OAuth's
                endpoints take and give other media types than the API.
            authorization: Instead of that of the wire.

        Raises:
            PluginError: GitHub did not answer the question.
        """
        headers = dict(self._headers)
        content = None
        if body is not None:
            headers['Content-Type'] = 'application/json'
            content = json.dumps(body).encode()
        elif form is not None:
            headers['Accept'] = 'application/json'
            headers['Content-Type'] = 'application/x-www-form-urlencoded'
            content = urllib.parse.urlencode(form).encode()
        if authorization:
            headers['Authorization'] = authorization
        answered = await self._sent(method, url, headers, content)
        # Raised outside of the handler: httpx's errors hold the request, and
        # with it what is secret (law SEC001).
        if isinstance(answered, PluginError):
            raise answered
        reply = Reply(
            answered.status_code,
            {name.lower(): value for name, value in answered.headers.items()},
            answered.content,
        )
        error = trouble(reply)
        if error is not None:
            raise error
        return reply

    async def _sent(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
    ) -> httpx.Response | PluginError:
        try:
            return await self._http.request(
                method, url, headers=dict(headers), content=content
            )
        except httpx.TimeoutException:
            return PluginTimeoutError('GitHub did not answer in time.')
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return PluginUnavailableError(
                'GitHub cannot be reached, or broke its answer off '
                f'({type(error).__name__}).'
            )


@contextlib.asynccontextmanager
async def connected(
    base: str, seconds: float, authorization: str = ''
) -> AsyncGenerator[Wire]:
    """Give a wire to GitHub for as long as one call may take.

    Args:
        base: Any address of the product; says whether TLS is needed.
        seconds: For everything that is asked.
        authorization: The header of every request; blank for none.

    Raises:
        PluginTimeoutError: It took longer.
    """
    remote = base.startswith('https:')
    clock = asyncio.timeout(seconds)
    try:
        async with (
            clock,
            httpx.AsyncClient(
                timeout=None,  # noqa: S113  the clock is for all requests
                verify=_tls(),
                trust_env=remote,
                follow_redirects=False,
            ) as http,
        ):
            yield Wire(http, authorization)
    except TimeoutError:
        if not clock.expired():
            raise
    else:
        return
    raise PluginTimeoutError(
        f'GitHub took longer than the {seconds:g} seconds of the option '
        'timeout. What was asked for may have been done.'
    )


@functools.cache
def _tls() -> ssl.SSLContext:
    """Return what every client shares: the authorities that are trusted.

    To read them takes some 20 ms, which a client of its own per call would
    take from the event loop every time. No connection and no credential is in
    it.
    """
    return httpx.create_ssl_context()


def trouble(reply: Reply) -> PluginError | None:
    """Return the contract's error for an answer that is none.

    Returns:
        None where the answer is about what was asked.
    """
    status = reply.status
    limited = status in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
    end = _end(reply) if limited else None
    if end is not None:
        return PluginRateLimited(end)
    if status == HTTPStatus.UNAUTHORIZED:
        return PluginAuthenticationFailed(
            'GitHub rejected the credentials: they are wrong, revoked or '
            'expired.'
        )
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(reply)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return PluginUnavailableError(
            'GitHub answered with a redirect: the repository was renamed or '
            'moved, or the address in the options is that of another. Put '
            'the new one in.'
        )
    if status in _REFUSALS or (
        HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    ):
        return None
    return PluginUnavailableError(f'GitHub answered with status {status}.')


def _forbidden(reply: Reply) -> PluginAuthenticationFailed:
    if 'required' in reply.headers.get('x-github-sso', ''):
        return PluginAuthenticationFailed(
            'The organization wants single sign-on: authorize the token for '
            'it in the settings of its owner.'
        )
    return PluginAuthenticationFailed(
        'GitHub knows the credentials, but they do not allow this; README '
        'lists the permissions.'
    )


def _end(reply: Reply) -> float | None:
    """Return when the limit ends that was met; None where none was."""
    after = reply.headers.get('retry-after')
    end = retry_at(after, otherwise=PAUSE, longest=LONGEST_PAUSE)
    if after:
        return end
    if reply.headers.get('x-ratelimit-remaining') == '0':
        reset = _whole(reply.headers.get('x-ratelimit-reset', ''))
        if reset is None:
            return end
        now = time.time()
        return min(max(reset, now + SOONEST), now + LONGEST_PAUSE)
    named = b'rate limit' in reply.content[:4096].lower()
    if reply.status == HTTPStatus.FORBIDDEN and not named:
        return None
    return end


def _whole(header: str) -> float | None:
    digits = header.strip()
    if not (digits.isascii() and digits.isdigit()):
        return None
    return float(digits) if len(digits) < answers.LONGEST_NUMBER else math.inf


def _said(content: bytes, secret: str) -> str:
    """Return GitHub's words for a message; none where they hold a secret."""
    found = answers.parsed(content)
    words = ''
    if isinstance(found, dict):
        words = answers.maybe(cast('Item', found), 'message') or ''
    if secret and secret in words:
        return ''
    line = ' '.join(words.split())[:SHOWN]
    return f': {line}' if line.isprintable() and line else ''
