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
from imbi_plugin_testkit.laws._shapes import return_problems
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.lab import Lab
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
    title='context and credentials come back as they went in',
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
    Credentials that a handler changed may be stored or refreshed wrongly.
    Each method is called once with everything and once without a required
    credential, and everything is compared again after the last call, in case
    a handler keeps what it was given and changes it later.
    """
    calls = Calls(lab)
    given: list[tuple[Call, PluginContext, Any, dict[str, str], Any]] = []
    reported: set[tuple[str, str]] = set()
    for call in await calls.possible():
        for credentials in _credentials_to_try(lab):
            ctx = _enriched(calls.context())
            arguments = await call.arguments()
            before = (fresh(ctx), dict(credentials))
            answer = await call.start(arguments, ctx, credentials)
            if credentials == lab.sandbox.credentials:
                lab.must(answer)
            given.append((call, ctx, before[0], credentials, before[1]))
            for finding in _changes(*given[-1]):
                if (finding.path, finding.message) not in reported:
                    reported.add((finding.path, finding.message))
                    yield finding
    for entry in given:
        for finding in _changes(*entry):
            if (finding.path, finding.message) not in reported:
                reported.add((finding.path, finding.message))
                yield finding


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


def _changes(
    call: Call,
    ctx: PluginContext,
    ctx_before: PluginContext,
    credentials: dict[str, str],
    credentials_before: dict[str, str],
) -> Iterator[Finding]:
    for name in type(ctx).model_fields:
        if name in WRITE_ONLY or name == 'resolve_user_by_identity':
            continue
        before, after = getattr(ctx_before, name), getattr(ctx, name)
        if before != after:
            yield Finding(
                f'{call.name}(ctx.{name})',
                f'{call.name} changed ctx.{name}{_inside(before, after)}; '
                'it must come back as it went in.',
            )
    changed = sorted(
        name
        for name in credentials.keys() | credentials_before.keys()
        if credentials.get(name) != credentials_before.get(name)
    )
    if changed:
        yield Finding(
            f'{call.name}(credentials)',
            f'{call.name} changed credentials[{listed(map(repr, changed))}]; '
            'they must come back as they went in.',
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
    host and as local time by another. A tuple in a list's place passes.
    """
    calls = Calls(lab)
    for call in await calls.possible():
        arguments = await call.arguments()
        answer = await call.start(arguments, calls.context(), None)
        for path, message in return_problems(lab.must(answer), call.returns):
            yield Finding(f'{call.name}(){path}', message)


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
