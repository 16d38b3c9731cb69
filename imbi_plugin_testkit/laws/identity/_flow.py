"""The host's part of signing in, for laws."""

from __future__ import annotations

import contextlib
import dataclasses
import urllib.parse
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_sdk.context import IdentityCredentials
from imbi_plugin_sdk.handlers.identity import (
    AuthorizationRequest,
    IdentityProfile,
)
from imbi_plugin_testkit.lab.answers import Answer, HandlerFailed, fresh
from imbi_plugin_testkit.model import Finding, Untestable
from imbi_plugin_testkit.models.identity import IdentityLimits

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.models.identity import (
        Decision,
        IdentitySandbox,
        SignedIn,
    )
    from imbi_plugin_testkit.sandbox import Fault

TYPES = ('identity',)

REDIRECT_URI = 'https://imbi.example.com/oauth/callback'
"""Where a sandbox names none."""


@dataclasses.dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way.

    Attributes:
        request: What the plugin answered.
        credentials: What the host passes from now on: its own, and those
            that were registered on the way.
    """

    request: AuthorizationRequest
    credentials: dict[str, str] = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that is done.

    Attributes:
        person: Who signed in.
        begun: How it began.
        code: The code that it took.
        profile: Who it is, says the plugin.
        found: Their credentials.
    """

    person: str
    begun: Begun
    code: str = dataclasses.field(repr=False)
    profile: IdentityProfile
    found: IdentityCredentials

    @property
    def credentials(self) -> dict[str, str]:
        """Return what the host passes to the plugin."""
        return dict(self.begun.credentials)


class Flow:
    """The host, a person and the plugin between them.

    Attributes:
        lab: The lab.
        limits: What the provider does.
        redirect_uri: What the client is registered with.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        limits = lab.limits
        self.limits = (
            limits if isinstance(limits, IdentityLimits) else IdentityLimits()
        )
        sandbox = cast('IdentitySandbox', lab.sandbox)
        self.sandbox = sandbox
        self.redirect_uri: str = getattr(sandbox, 'redirect_uri', REDIRECT_URI)

    # Steps ---------------------------------------------------------------

    def context(self, person: str | None = None) -> PluginContext:
        """Return a context, of a person where one is named."""
        ctx = fresh(self.lab.context)
        if person is not None:
            ctx.actor_user_id = f'kit-{person}'
        return ctx

    async def begin(
        self,
        *,
        scopes: list[str] | None = None,
        credentials: dict[str, str] | None = None,
        redirect_uri: str | None = None,
    ) -> Begun:
        """Ask the plugin for an authorization request, which must succeed.

        Raises:
            HandlerFailed: It raised, or returned something else.
        """
        given = self.lab.credentials if credentials is None else credentials
        answer = await self.lab.attempt(
            'authorization_request',
            redirect_uri or self.redirect_uri,
            scopes,
            ctx=self.context(),
            credentials=dict(given),
        )
        return self.begun(answer, given)

    def begun(self, answer: Answer, given: dict[str, str]) -> Begun:
        """Return what an answer began; hides what is secret in it."""
        request: AuthorizationRequest = self.lab.must(answer)
        if not isinstance(request, AuthorizationRequest):  # pyright: ignore[reportUnnecessaryIsInstance]  a stranger's
            raise self.wrong(answer, 'an AuthorizationRequest')
        registered = request.registered_credentials or {}
        self.hide(request.code_verifier, *registered.values())
        if request.polling is not None:
            self.hide(request.state)
        return Begun(request, {**given, **registered})

    async def answer(
        self,
        begun: Begun,
        person: str = 'alice',
        decision: Decision = 'approve',
    ) -> SignedIn:
        """Let a person answer.

        Raises:
            Untestable: The sandbox fails or cannot.
        """
        with self.lab.blaming('sign_in'):
            signed_in = await self.sandbox.sign_in(
                begun.request, person=person, decision=decision
            )
        self.hide(signed_in.code)
        if decision == 'approve' and not signed_in.code:
            raise Untestable(
                'the sandbox: sign_in brought no code back'
                + (f', but {signed_in.error}' if signed_in.error else '')
            )
        return signed_in

    async def exchange(
        self,
        begun: Begun,
        code: str,
        *,
        redirect_uri: str | None = None,
        verifier: str | None = None,
    ) -> Answer:
        """Hand a code to the plugin.

        Args:
            begun: The request it answers.
            code: The code.
            redirect_uri: Another one than that of the request.
            verifier: Another one than that of the request.
        """
        answer = await self.lab.attempt(
            'exchange_code',
            code,
            redirect_uri or self.redirect_uri,
            verifier or begun.request.code_verifier,
            ctx=self.context(),
            credentials=dict(begun.credentials),
        )
        with contextlib.suppress(TypeError, ValueError, AttributeError):
            self.hide_tokens(answer.result[1])
        return answer

    async def sign_in(
        self,
        person: str = 'alice',
        *,
        scopes: list[str] | None = None,
        credentials: dict[str, str] | None = None,
    ) -> Session:
        """Sign a person in, which must succeed.

        Raises:
            HandlerFailed: The plugin raised, or returned something else.
            Untestable: The sandbox fails or cannot.
        """
        begun = await self.begin(scopes=scopes, credentials=credentials)
        signed_in = await self.answer(begun, person)
        answer = await self.exchange(begun, signed_in.code)
        return self.session(answer, begun, signed_in.code, person)

    def session(
        self, answer: Answer, begun: Begun, code: str, person: str = 'alice'
    ) -> Session:
        """Return what an exchange that must succeed came to.

        Raises:
            HandlerFailed: It raised, or returned something else.
        """
        result: Any = self.lab.must(answer)
        match result:
            case (IdentityProfile() as who, IdentityCredentials() as found):
                return Session(person, begun, code, who, found)
            case _:
                raise self.wrong(answer, 'a profile and credentials')

    async def refresh(
        self, session: Session, token: str | None = None
    ) -> Answer:
        """Renew a session's credentials.

        Args:
            session: Whose.
            token: Another refresh token than the session's.
        """
        answer = await self.lab.attempt(
            'refresh',
            session.found.refresh_token if token is None else token,
            ctx=self.context(session.person),
            credentials=session.credentials,
        )
        self.hide_tokens(answer.result)
        return answer

    def renewed(self, answer: Answer) -> IdentityCredentials:
        """Return what a refresh that must succeed gave.

        Raises:
            HandlerFailed: It raised, or returned something else.
        """
        found = self.lab.must(answer)
        if not isinstance(found, IdentityCredentials):
            raise self.wrong(answer, 'an IdentityCredentials')
        return found

    async def accepted(self, found: IdentityCredentials) -> str | None:
        """Return whom an access token stands for; None if it is not good.

        Raises:
            Untestable: The sandbox fails or cannot.
        """
        with self.lab.blaming('accepts'):
            return await self.sandbox.accepts(found)

    async def can(self, what: str, step: Callable[[], Any]) -> bool:
        """Return whether the sandbox can do something, and do it.

        Args:
            what: How a note names it.
            step: Returns an awaitable.
        """
        try:
            with self.lab.blaming(what):
                await step()
        except Untestable as reason:
            self.lab.note(f'left out: {reason.reason}')
            return False
        return True

    async def can_accept(self, found: IdentityCredentials) -> bool:
        """Return whether the sandbox can tell good tokens."""
        return await self.can('accepts', lambda: self.sandbox.accepts(found))

    @contextlib.asynccontextmanager
    async def broken(self, kind: Fault) -> AsyncGenerator[bool]:
        """Break the provider if the sandbox can; yields whether it could."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self.lab.fault(kind))
                can = True
            except Untestable as reason:
                self.lab.note(f'left out: {reason.reason}')
                can = False
            yield can

    # Words ----------------------------------------------------------------

    def made_up(self, what: str) -> str:
        """Return a code or token that no provider gave out."""
        value = f'kit-{what}-{self.lab.rng.getrandbits(128):032x}'
        self.hide(value)
        return value

    def hide(self, *values: str | None) -> None:
        """Keep values out of the report."""
        known = set(self.lab.secrets)
        self.lab.secrets.extend(
            value for value in values if value and value not in known
        )

    def hide_tokens(self, found: Any) -> None:  # noqa: ANN401  a stranger's
        """Keep the tokens of credentials out of the report."""
        for name in ('access_token', 'refresh_token'):
            value = getattr(found, name, None)
            if isinstance(value, str):
                self.hide(value)

    def wrong(self, answer: Answer, must: str) -> HandlerFailed:
        """Return the failure of an answer that is not what is declared."""
        kind = type(answer.result).__name__
        finding = Finding(
            answer.method,
            f'{answer.method} returned {kind} where {must} must come back.',
        )
        return HandlerFailed(answer, finding)


def needs_refresh(flow: Flow) -> None:
    """Leave a law where the provider gives no refresh tokens.

    Raises:
        Untestable: It does not.
    """
    if not flow.limits.refreshes:
        raise Untestable(
            'the provider gives no refresh tokens (`refreshes` of the '
            "sandbox's limits)"
        )


def without_refresh_token(method: str) -> Finding:
    """Return the finding of credentials that lack a refresh token."""
    return Finding(
        method,
        f'{method} gave no refresh token, and the sandbox says that the '
        'provider gives them.',
        "Return the provider's refresh token; where it gives none, set "
        "`refreshes=False` in the sandbox's limits.",
    )


def parameters(request: AuthorizationRequest) -> dict[str, list[str]]:
    """Return the query of an authorization URL."""
    query = urllib.parse.urlsplit(request.authorization_url).query
    return urllib.parse.parse_qs(query, keep_blank_values=True)


def template(lab: Lab) -> Mapping[str, Any]:
    """Return the service template as plain data."""
    found = lab.data.get('third_party_service')
    if hasattr(found, 'items'):
        return cast('Mapping[str, Any]', found)
    return {}
