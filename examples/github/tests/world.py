"""Everything that the fake of GitHub knows, and what may happen to it.

One world serves every sandbox of a process: each has an organization, an app
and tokens of its own.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import hashlib
import hmac
import itertools
import secrets
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.repositories import GitRepository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_testkit.models.deployment import CommitGraph

ACCESS_LIFE, REFRESH_LIFE = 28_800, 15_897_600
"""Seconds: eight hours, six months (GitHub documentation, "Refreshing user
access tokens")."""


def now() -> dt.datetime:
    """Return the time in whole seconds, as GitHub gives it."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


@dataclasses.dataclass(slots=True)
class User:
    """A person or an organization."""

    id: int
    login: str
    name: str
    kind: str = 'User'
    verified: bool = True

    @property
    def address(self) -> str:
        return f'{self.login}@example.com'


@dataclasses.dataclass(slots=True)
class App:
    """A GitHub App whose user tokens expire."""

    client_id: str
    client_secret: str
    redirect_uri: str
    expires: bool = True


@dataclasses.dataclass(slots=True)
class Code:
    """What the browser brings back."""

    app: App
    user: User
    redirect_uri: str
    challenge: str
    scopes: tuple[str, ...]
    spent: bool = False


@dataclasses.dataclass(slots=True)
class Token:
    """A token that the API takes, or one that gives a new one."""

    value: str
    kind: str
    scopes: tuple[str, ...] = ()
    user: User | None = None
    app: App | None = None
    owner: str = ''
    partner: str = ''


@dataclasses.dataclass(slots=True)
class Run:
    """One run of a workflow."""

    id: int
    number: int
    workflow: Workflow
    ref: str
    sha: str
    inputs: dict[str, str]
    created: dt.datetime
    title: str
    visible_after: int = 0
    attempts: list[dict[str, Any]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class Workflow:
    """One workflow file."""

    id: int
    file: str
    name: str
    inputs: tuple[str, ...]
    state: str = 'active'
    mark: str = ''


@dataclasses.dataclass(slots=True)
class Repo:
    """One repository and what GitHub keeps beside it.

    Attributes:
        tells_runs: Whether a dispatch may be answered with the run.
        run_lag: Looks at the list of runs before a new one is in it.
    """

    id: int
    owner: User
    name: str
    git: GitRepository
    default: str
    workflows: list[Workflow]
    created: dt.datetime
    tells_runs: bool = True
    run_lag: int = 0
    runs: dict[int, Run] = dataclasses.field(default_factory=dict)
    releases: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    deployments: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    checks: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    statuses: list[dict[str, Any]] = dataclasses.field(default_factory=list)


class World:
    """GitHub, as far as it goes."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._folder = tempfile.TemporaryDirectory(prefix='kit-github-')
        self._ids = itertools.count(16_000_000_001)
        self.users: dict[str, User] = {}
        self.apps: dict[str, App] = {}
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, Token] = {}
        self.repos: dict[tuple[str, str], Repo] = {}
        self.unverified = False

    def close(self) -> None:
        """Delete every repository."""
        self._folder.cleanup()

    def new_id(self) -> int:
        """Return an id that nothing has."""
        return next(self._ids)

    def user(self, login: str, kind: str = 'User') -> User:
        """Return a person or organization, made where it is not there."""
        with self.lock:
            if login not in self.users:
                self.users[login] = User(
                    self.new_id(), login, login.title(), kind
                )
            return self.users[login]

    # Repositories ---------------------------------------------------------

    def plant(
        self,
        owner: str,
        name: str,
        graph: CommitGraph,
        inputs: tuple[str, ...] = (),
    ) -> dict[str, str]:
        """Make a repository, anew if it is there."""
        number = self.new_id()
        git = GitRepository(Path(self._folder.name, f'{number}.git'))
        labels = git.plant(graph)
        with self.lock:
            self.repos[owner.lower(), name.lower()] = Repo(
                id=number,
                owner=self.user(owner, 'Organization'),
                name=name,
                git=git,
                default=graph.default,
                workflows=[
                    Workflow(
                        self.new_id(), 'deploy.yml', 'Deploy', inputs, mark=''
                    ),
                    Workflow(
                        self.new_id(),
                        'old.yml',
                        'Old',
                        (),
                        'disabled_manually',
                    ),
                ],
                created=now(),
            )
        return labels

    def install(self, owner: str) -> Token:
        """Return a token of an app that is installed at an owner."""
        value = f'ghs_{secrets.token_hex(18)}'
        with self.lock:
            self.tokens[value] = Token(value, 'server', owner=owner)
        return self.tokens[value]

    def start(
        self,
        repo: Repo,
        workflow: Workflow,
        ref: str,
        sha: str,
        inputs: Mapping[str, str],
    ) -> Run:
        """Start a run."""
        at = now()
        with self.lock:
            title = ' '.join(
                (workflow.name, *(inputs.get(i, '') for i in [workflow.mark]))
            )
            run = Run(
                id=self.new_id(),
                number=len(repo.runs) + 1,
                workflow=workflow,
                ref=ref,
                sha=sha,
                inputs=dict(inputs),
                created=at,
                title=title.strip(),
                visible_after=repo.run_lag,
            )
            run.attempts.append(
                {'status': 'queued', 'conclusion': None, 'at': at}
            )
            repo.runs[run.id] = run
            return run

    # People ---------------------------------------------------------------

    def register(self, redirect_uri: str, *, expires: bool = True) -> App:
        """Return a new app."""
        app = App(
            client_id=f'Iv23li{secrets.token_hex(7)}',
            client_secret=secrets.token_hex(20),
            redirect_uri=redirect_uri,
            expires=expires,
        )
        with self.lock:
            self.apps[app.client_id] = app
        return app

    def authorize(self, login: str, query: Mapping[str, str]) -> str:
        """Let a person agree; return the code.

        Raises:
            LookupError: There is no such app, or the redirect is not its.
        """
        app = self.apps[query['client_id']]
        redirect = query.get('redirect_uri', app.redirect_uri)
        if not f'{redirect}/'.startswith(f'{app.redirect_uri}/'):
            raise LookupError('redirect_uri')
        challenge = query.get('code_challenge', '')
        if challenge and query.get('code_challenge_method') != 'S256':
            raise LookupError('code_challenge_method')
        value = secrets.token_hex(10)
        with self.lock:
            self.codes[value] = Code(
                app=app,
                user=self.user(login),
                redirect_uri=redirect,
                challenge=challenge,
                scopes=tuple(query.get('scope', '').split()),
            )
        return value

    def exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer the token endpoint, as GitHub does: 200 with an error."""
        app = self.apps.get(form.get('client_id', ''))
        secret = form.get('client_secret', '')
        if app is None or not hmac.compare_digest(app.client_secret, secret):
            return _error('incorrect_client_credentials')
        with self.lock:
            if form.get('grant_type') == 'refresh_token':
                return self._refreshed(app, form.get('refresh_token', ''))
            return self._redeemed(app, form)

    def _redeemed(self, app: App, form: Mapping[str, str]) -> dict[str, Any]:
        code = self.codes.get(form.get('code', ''))
        if code is None or code.spent or code.app is not app:
            return _error('bad_verification_code')
        if form.get('redirect_uri', code.redirect_uri) != code.redirect_uri:
            return _error('redirect_uri_mismatch')
        # A wrong verifier spends the code, too.
        code.spent = True
        verifier = form.get('code_verifier', '')
        if code.challenge and challenge_of(verifier) != code.challenge:
            return _error('bad_verification_code')
        return self._issued(app, code.user, code.scopes)

    def _refreshed(self, app: App, value: str) -> dict[str, Any]:
        old = self.tokens.get(value)
        if old is None or old.kind != 'refresh' or old.app is not app:
            return _error('bad_refresh_token')
        del self.tokens[value]
        self.tokens.pop(old.partner, None)
        assert old.user is not None
        return self._issued(app, old.user, old.scopes)

    def _issued(
        self, app: App, user: User, scopes: tuple[str, ...]
    ) -> dict[str, Any]:
        access = f'ghu_{secrets.token_hex(18)}'
        answer: dict[str, Any] = {
            'access_token': access,
            'scope': ','.join(scopes),
            'token_type': 'bearer',
        }
        self.tokens[access] = Token(access, 'user', scopes, user, app)
        if app.expires:
            refresh = f'ghr_{secrets.token_hex(38)}'
            self.tokens[refresh] = Token(
                refresh, 'refresh', scopes, user, app, partner=access
            )
            answer |= {
                'expires_in': ACCESS_LIFE,
                'refresh_token': refresh,
                'refresh_token_expires_in': REFRESH_LIFE,
            }
        return answer

    def revoke(self, app: App, value: str) -> bool:
        """End an access token of an app; return whether there was one."""
        with self.lock:
            token = self.tokens.get(value)
            if token is None or token.kind != 'user' or token.app is not app:
                return False
            del self.tokens[value]
            return True


def challenge_of(verifier: str) -> str:
    """Return the challenge of a verifier (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip('=')


def _error(code: str) -> dict[str, Any]:
    return {
        'error': code,
        'error_description': f'The request was refused ({code}).',
        'error_uri': 'https://docs.github.com/',
    }
