"""One project's repository, as the methods of the plugin ask for it."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from imbi_plugin_github import answers
from imbi_plugin_github.deployment.manifest import DEFAULT_REPOSITORY, MANIFEST
from imbi_plugin_github.deployment.names import (
    checked_ref,
    escaped,
    input_of,
    repository_of,
    workflow_of,
)
from imbi_plugin_github.options import (
    address_of,
    timeout_of,
)
from imbi_plugin_github.products import GITHUB
from imbi_plugin_github.transport import connected
from imbi_plugin_sdk import PluginUnavailableError
from imbi_plugin_sdk.options import read_credentials, read_text

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from imbi_plugin_github.answers import Item
    from imbi_plugin_github.transport import Reply, Wire
    from imbi_plugin_sdk import PluginContext

PAGE = 100
"""Things on one page: the most that GitHub gives."""

MOST_PAGES = 1_000
"""Pages after which a list is taken for one without end; a hundred thousand
refs are more than anybody chooses from."""

_NEXT = re.compile(
    r'<([^<>]*)>[^,]*;\s*rel="?(?:[^",]*\s)?next(?:\s[^",]*)?"?'
)
"""The entry of a Link header that leads on (RFC 8288 §3)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """What one call works with.

    Attributes:
        api: Address of the REST API.
        owner: Of the repository.
        name: Of the repository.
        workflow: File name of the workflow that deploys; blank for none.
        environment_input: Its input for the environment; blank for none.
        mark_input: Its input for a mark; blank for none.
        timeout: Seconds of the call.
        token: Goes into a header.
    """

    api: str
    owner: str
    name: str
    workflow: str
    environment_input: str
    mark_input: str
    timeout: float
    token: str = dataclasses.field(repr=False)

    @classmethod
    def read(
        cls, ctx: PluginContext, credentials: Mapping[str, str]
    ) -> Settings:
        """Return the settings of a call.

        Raises:
            PluginCredentialsMissing: There is no token.
            PluginAuthenticationFailed: The token cannot be one.
            ValueError: An option does not hold.
        """
        given = read_credentials(MANIFEST.credentials, credentials)
        options = ctx.assignment_options

        def input_option(name: str) -> str:
            return input_of(name, read_text(options, name))

        template = read_text(options, 'repository', DEFAULT_REPOSITORY)
        owner, name = repository_of(template, ctx)
        return cls(
            api=address_of(
                'api_url', read_text(options, 'api_url', GITHUB.api)
            ),
            owner=owner,
            name=name,
            workflow=workflow_of(read_text(options, 'workflow')),
            environment_input=input_option('environment_input'),
            mark_input=input_option('mark_input'),
            timeout=timeout_of(options),
            **given,
        )


class Repository:
    """Asks for what belongs to one repository.

    Attributes:
        settings: Which one, and how.
    """

    def __init__(self, wire: Wire, settings: Settings) -> None:
        self._wire = wire
        self.settings = settings
        self._base = f'{settings.api}/repos/{settings.owner}/{settings.name}'

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        **query: str | int,
    ) -> Reply:
        """Ask once; the reply may be a refusal.

        Args:
            method: Of HTTP.
            path: Below the repository, escaped; blank is itself.
            body: Sent as JSON.
            query: Parameters of the URL.

        Raises:
            PluginError: GitHub did not answer the question.
        """
        url = f'{self._base}/{path}' if path else self._base
        if query:
            url = f'{url}?{urlencode(query)}'
        return await self._wire.ask(method, url, body=body)

    async def item(self, path: str, what: str, **query: str | int) -> Item:
        """Return one thing that must be there.

        Raises:
            RefusedError: It is not.
            PluginError: GitHub did not answer the question.
        """
        reply = await self.ask('GET', path, **query)
        if not reply.found:
            raise self.refused(reply, what)
        return reply.item(what)

    def refused(self, reply: Reply, what: str) -> Exception:
        """Return the error for a refusal that quotes no token."""
        return reply.refused(what, self.settings.token)

    async def items(
        self,
        path: str,
        what: str,
        *,
        field: str = '',
        most: int | None = None,
        **query: str | int,
    ) -> list[Item]:
        """Return a list from all its pages.

        Args:
            path: Below the repository, escaped.
            what: For messages.
            field: Where a page is an object, the field that holds the list.
            most: Stop when so many are there; None is all.
            query: Parameters of the first URL; GitHub keeps them in the next.

        Raises:
            RefusedError: There is no such list.
            PluginError: GitHub did not answer the question.
        """
        size = PAGE if most is None else max(1, min(most, PAGE))
        found: list[Item] = []
        pages = self._pages(path, what, {**query, 'per_page': size})
        async with contextlib.aclosing(pages):
            async for reply in pages:
                page: Any = reply.json()
                if field:
                    page = answers.item_of(page, what).get(field)
                found += answers.items_of(page, what)
                if most is not None and len(found) >= most:
                    return found[:most]
        return found

    async def _pages(
        self, path: str, what: str, query: Mapping[str, str | int]
    ) -> AsyncGenerator[Reply]:
        url = f'{self._base}/{path}?{urlencode(query)}'
        asked: set[str] = set()
        while url:
            if url in asked or len(asked) >= MOST_PAGES:
                raise answers.malformed(f'{what} has no last page')
            asked.add(url)
            reply = await self._wire.ask('GET', url)
            if not reply.found:
                raise self.refused(reply, what)
            yield reply
            url = self._next(reply.headers.get('link', ''))

    def _next(self, header: str) -> str:
        """Return where the next page is; blank after the last.

        Raises:
            PluginUnavailableError: It is at another host, which would get
                the token.
        """
        match = _NEXT.search(header)
        if match is None:
            return ''
        url = match[1]
        own, there = urlsplit(self.settings.api), urlsplit(url)
        if (own.scheme, own.netloc) != (there.scheme, there.netloc):
            raise PluginUnavailableError(
                'GitHub names a next page at another host than the option '
                'api_url does. Put the address in that it has for itself.'
            )
        return url

    # What several methods need --------------------------------------------

    async def commit(self, committish: str) -> Item:
        """Return the one commit that a name or sha means.

        GitHub peels annotated tags, and takes no beginning of a name, nor a
        short sha that two commits begin with.

        Raises:
            ValueError: There is none, or more than one.
            PluginError: GitHub did not answer the question.
        """
        name = checked_ref(committish)
        return await self.item(
            f'commits/{escaped(name)}', f'the commit {name[:80]!r}'
        )

    async def sha(self, committish: str) -> str:
        """Return the full sha of what a name or sha means.

        Raises:
            ValueError: There is none, or more than one.
            PluginError: GitHub did not answer the question.
        """
        return answers.text(await self.commit(committish), 'sha')

    async def tagged(self, tag: str) -> str | None:
        """Return the commit that a tag names, None where there is no tag.

        Raises:
            ValueError: It names something else than a commit.
            PluginError: GitHub did not answer the question.
        """
        reply = await self.ask('GET', f'git/ref/tags/{escaped(tag)}')
        if not reply.found:
            return None
        thing = answers.inner(reply.item('the tag'), 'object')
        if answers.text(thing, 'type') == 'commit':
            return answers.text(thing, 'sha')
        # An object of its own, which may name another one in turn.
        return await self.sha(f'tags/{tag}')


@contextlib.asynccontextmanager
async def opened(
    ctx: PluginContext, credentials: Mapping[str, str]
) -> AsyncGenerator[Repository]:
    """Give a project's repository for as long as one call may take.

    Raises:
        PluginCredentialsMissing: There is no token.
        PluginTimeoutError: It took longer than the option allows.
        ValueError: An option does not hold.
    """
    settings = Settings.read(ctx, credentials)
    async with connected(
        settings.api, settings.timeout, f'Bearer {settings.token}'
    ) as wire:
        yield Repository(wire, settings)
