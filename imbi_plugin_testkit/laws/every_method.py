"""What every method of every plugin type keeps (ASY001 to ASY003)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import listed
from imbi_plugin_sdk.errors import PluginCredentialsMissing
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.lab.answers import fresh
from imbi_plugin_testkit.lab.opening import entries
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws import CALLABLE, has_methods
from imbi_plugin_testkit.laws._calls import Calls
from imbi_plugin_testkit.laws._copies import as_dict, copies_of
from imbi_plugin_testkit.laws._faults import asks
from imbi_plugin_testkit.laws._shapes import return_problems
from imbi_plugin_testkit.laws._store import is_typed
from imbi_plugin_testkit.laws._zones import moved, shifted, times
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.laws._calls import Call

WRITE_ONLY = frozenset({'link_writeback', 'service_writeback'})
"""Fields of the context by which a handler hands results back."""

ENRICHED: Mapping[str, Any] = {
    'project_name': 'Kit project',
    'project_type_slugs': ['web', 'api', 'batch'],
    'project_links': {'docs': 'https://docs.example.com/kit'},
    'environment_config': {'zone': {'name': 'b'}, 'area': 'a'},
}
"""What a context holds in the host, unsorted and nested, so that sorting it
in place or taking something out can be seen."""


def _has_required_credentials(data: Mapping[str, Any]) -> bool:
    return has_methods(data) and bool(_required(data))


def _required(data: Mapping[str, Any]) -> list[str]:
    return [
        str(field['name'])
        for field in entries(data, 'credentials')
        if field.get('required', True)
    ]


@check(
    'ASY001',
    title='context, credentials and arguments come back as they went in',
    fix='Work on a copy; hand results back only through link_writeback and '
    'service_writeback.',
    law=True,
    requires=CALLABLE,
    applies=has_methods,
)
async def context_and_credentials_stay(lab: Lab) -> AsyncIterator[Finding]:
    """A handler leaves what it was given alone, but for the write-backs.

    The host passes one context to several plugins, logs it and compares it
    with the stored one; what one handler changes in it, the next one is told.
    Credentials that a handler changed may be stored or refreshed wrongly, and
    a query, a connection or the body of a delivery is used again by whoever
    passed it. Each method is called once with everything and once without a
    required credential, and everything is compared again after the last call,
    in case a handler keeps what it was given and changes it later.
    """
    calls = Calls(lab)
    given: list[_Given] = []
    reported: set[tuple[str, str]] = set()
    for call in await calls.possible():
        for credentials in _credentials_to_try(lab):
            ctx = _enriched(calls.context())
            arguments = dict(await call.arguments())
            copies = copies_of(arguments)
            one = _Given(call, ctx, fresh(ctx), credentials, arguments, copies)
            answer = await call.start(arguments, ctx, credentials)
            if credentials == lab.sandbox.credentials:
                await _must_work(lab, calls, call, answer)
            given.append(one)
            for finding in one.changes():
                if (finding.path, finding.message) not in reported:
                    reported.add((finding.path, finding.message))
                    yield finding
    for one in given:
        for finding in one.changes():
            if (finding.path, finding.message) not in reported:
                reported.add((finding.path, finding.message))
                yield finding


async def _must_work(
    lab: Lab, calls: Calls, call: Call, answer: Answer
) -> None:
    """Hold a call to succeeding, in the sandbox's own context at least.

    Of what `ENRICHED` says a plugin may refuse any: it is made up.

    Raises:
        HandlerFailed: It did not.
    """
    if answer.error is not None and is_typed(answer.error):
        lab.note(f'{call.name} takes the context of the sandbox only')
        arguments = await call.arguments()
        answer = await call.start(arguments, calls.context(), None)
    lab.must(answer)


def _credentials_to_try(lab: Lab) -> Iterator[dict[str, str]]:
    yield lab.credentials
    for name in _required(lab.data)[:1]:
        yield {
            key: value for key, value in lab.credentials.items() if key != name
        }


def _enriched(ctx: PluginContext) -> PluginContext:
    empty = {
        name: value
        for name, value in ENRICHED.items()
        if not getattr(ctx, name)
    }
    return fresh(ctx.model_copy(update=empty))


class _Given:
    """What one call was given, and copies of it from before."""

    def __init__(  # noqa: PLR0913, PLR0917  each is one thing that is given
        self,
        call: Call,
        ctx: PluginContext,
        ctx_before: PluginContext,
        credentials: dict[str, str],
        arguments: dict[str, Any],
        arguments_before: dict[str, Any],
    ) -> None:
        self.call, self.ctx, self.ctx_before = call, ctx, ctx_before
        self.credentials = credentials
        self.credentials_before = dict(credentials)
        self.arguments = arguments
        self.arguments_before = arguments_before

    def changes(self) -> Iterator[Finding]:
        """Yield what is another by now."""
        name = self.call.name
        must = 'it must come back as it went in.'
        for field in type(self.ctx).model_fields:
            if field in WRITE_ONLY or field == 'resolve_user_by_identity':
                continue
            before = getattr(self.ctx_before, field)
            after = getattr(self.ctx, field)
            if before != after:
                yield Finding(
                    f'{name}(ctx.{field})',
                    f'{name} changed ctx.{field}{_inside(before, after)}; '
                    f'{must}',
                )
        one, other = self.credentials_before, self.credentials
        changed = sorted(
            key
            for key in one.keys() | other.keys()
            if one.get(key) != other.get(key)
        )
        if changed:
            yield Finding(
                f'{name}(credentials)',
                f'{name} changed credentials[{listed(map(repr, changed))}]; '
                'they must come back as they went in.',
            )
        for argument, before in self.arguments_before.items():
            after = self.arguments[argument]
            if before != after:
                yield Finding(
                    f'{name}({argument})',
                    f'{name} changed its argument {argument}'
                    f'{_inside(as_dict(before), as_dict(after))}; {must}',
                )


def _inside(before: object, after: object) -> str:
    """Return which keys of a mapping changed; their values may be secret."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ''
    one: dict[Any, Any] = before  # pyright: ignore[reportUnknownVariableType]
    other: dict[Any, Any] = after  # pyright: ignore[reportUnknownVariableType]
    keys = sorted(
        str(key)
        for key in one.keys() | other.keys()
        if one.get(key) != other.get(key)
    )
    return f'[{listed(map(repr, keys))}]'


@check(
    'ASY002',
    title='what a method returns is the declared model',
    fix='Return the declared model, built by its constructor, and give every '
    'datetime a time zone: datetime.now(UTC), not utcnow().',
    law=True,
    requires=CALLABLE,
    applies=has_methods,
)
async def results_are_the_declared_models(lab: Lab) -> AsyncIterator[Finding]:
    """What comes back validates as declared, and datetimes have a zone.

    The host reads attributes and stores them. A dict in a model's place, or
    a model built around validation (`model_construct`, attributes set later),
    fails far from the plugin. A datetime without zone is read as UTC by one
    host and as local time by another, and local time that is called UTC is
    hours off: each method whose result holds times is called again with
    another local zone. A tuple in a list's place passes.
    """
    calls = Calls(lab)
    for call in await calls.possible():
        arguments = await call.arguments()
        answer = await call.start(arguments, calls.context(), None)
        for path, message in return_problems(lab.must(answer), call.returns):
            yield Finding(f'{call.name}(){path}', message)
        if not times(answer.result):
            continue
        arguments = await call.arguments()
        with moved() as ahead:
            there = await call.start(arguments, calls.context(), None)
        if there.error is None and shifted(answer.result, there.result, ahead):
            yield Finding(
                f'{call.name}()',
                f'{call.name} returned times that move with the local time '
                'zone of the machine; an instant is the same everywhere.',
            )


@check(
    'ASY003',
    title='a missing required credential is PluginCredentialsMissing',
    fix='Check every required credential, for absence and for blanks, before '
    'the first request, and raise PluginCredentialsMissing.',
    law=True,
    requires=CALLABLE,
    applies=_has_required_credentials,
)
async def missing_credentials_are_told(lab: Lab) -> AsyncIterator[Finding]:
    """An absent or blank credential is told before anything is sent.

    The host shows which credential to enter. Any other error looks like a
    defect or an outage, and a request without credentials may lock an account
    or leak what is asked for. Each required credential is taken away, then
    blanked, for each method that reaches the remote. Methods that may answer
    without the remote (`schema`, `authorization_request`, `materialize`) may
    succeed as long as nothing is sent.
    """
    calls = Calls(lab)
    for call in await calls.possible():
        if call.row.pure:
            continue
        for name in _required(lab.data):
            for blank in (None, '', ' \t'):
                credentials = lab.credentials
                credentials.pop(name)
                if blank is not None:
                    credentials[name] = blank
                arguments = await call.arguments()
                connections = len(lab.guard.connections)
                urls = lab.urls_seen()
                answer = await call.start(
                    arguments, calls.context(), credentials
                )
                sent = [
                    str(attempt)
                    for attempt in lab.guard.connections[connections:]
                ] + lab.urls(urls)
                state = 'absent' if blank is None else 'blank'
                message = _verdict(lab, call, answer.error, sent)
                silent = answer.error is None and not sent
                if message and silent and not await asks(lab, calls, call):
                    continue  # what asks nobody needs no leave (ruling 4)
                if message:
                    yield Finding(
                        f'{call.name}(credentials[{name!r}])',
                        f'with {name!r} {state}, {message}',
                    )


def _verdict(
    lab: Lab, call: Call, error: BaseException | None, sent: list[str]
) -> str:
    """Return what is wrong with how a call without credentials ended."""
    if isinstance(error, PluginCredentialsMissing):
        if not sent:
            return ''
        return (
            f'{call.name} raised PluginCredentialsMissing only after '
            f'{sent[0]}; it must raise before any network call.'
        )
    if error is None and call.row.static and not sent:
        return ''
    must = 'it must raise PluginCredentialsMissing before any network call.'
    if error is None:
        return f'{call.name} succeeded; {must}'
    return (
        f'{call.name} raised {described(error, lab.secrets)}'
        f'{lab.place(error)}; {must}'
    )
