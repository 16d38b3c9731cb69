"""Whatever a plugin raises or returns, a call ends well for the host."""

from __future__ import annotations

import asyncio
import json
import traceback

import pydantic
from hypothesis import given as on
from hypothesis import settings
from hypothesis import strategies as st

import imbi_plugin_sdk as sdk
from imbi_plugin_sdk.contract import CONTRACTS, methods
from imbi_plugin_sdk.invocation import (
    PluginResultInvalid,
    answer_to,
    invoke,
)
from imbi_plugin_sdk.redaction import occurrences

CONTEXT = sdk.PluginContext(project_id='1', project_slug='p', org_slug='o')

ALPHABET = st.characters(codec='utf-8', exclude_categories=('Cc', 'Cs', 'Z'))
SECRETS = st.text(ALPHABET, min_size=8, max_size=24).filter(
    # a word of our own messages is no secret
    lambda text: not text.isascii() or not text.isalpha()
)
WRAPPED = st.sampled_from(
    [
        str,
        repr,
        json.dumps,
        lambda secret: f'Authorization: Bearer {secret}',
        lambda secret: {'headers': [secret, secret.encode()]},
        lambda secret: [('token', secret)],
    ]
)
KINDS = st.sampled_from(
    [
        KeyError,
        OSError,
        RuntimeError,
        SystemExit,
        ValueError,
        sdk.PluginAuthenticationFailed,
        sdk.PluginError,
        sdk.PluginUnavailableError,
        lambda text: sdk.PluginRateLimited(1.0, str(text)),
        lambda text: ExceptionGroup('group', [OSError(text)]),
    ]
)
RAISED = st.lists(
    st.tuples(KINDS, WRAPPED, st.sampled_from(['cause', 'context', 'none'])),
    min_size=1,
    max_size=4,
)


def outcome(body, credentials):
    """Return what a call with this body gives, or the error it raises."""

    async def list_keys(self, ctx, credentials):
        return body(credentials)

    cls = type('Handler', (), {'list_keys': list_keys})
    made = invoke(
        cls, 'list_keys', CONTEXT, credentials, plugin_type='configuration'
    )
    try:
        return asyncio.run(made)
    except sdk.PluginError as error:
        return error


@settings(max_examples=150, deadline=None)
@on(SECRETS, RAISED, st.booleans())
def test_no_error_shows_a_credential(secret, shape, annotated):
    def body(credentials):
        before = None
        for make, wrap, link in shape:
            error = make(wrap(credentials['token']))
            if annotated:
                error.add_note(f'sent {credentials["token"]}')
            if before is not None and link == 'cause':
                error.__cause__ = before
            elif before is not None and link == 'context':
                error.__context__ = before
            before = error
        raise before

    error = outcome(body, {'token': secret})
    assert isinstance(error, sdk.PluginError)
    shown = [
        ''.join(traceback.format_exception(error)),
        repr(error),
        repr(vars(error)),
        json.dumps(answer_to(error, now=0.0).body),
    ]
    assert occurrences('\n'.join(shown), secret) == ()
    assert error.__cause__ is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(['key', 'data_type', 'secret', 'more']),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@on(JSON | st.lists(st.builds(sdk.ConfigKey.model_construct, key=JSON)))
def test_a_result_is_what_the_contract_says_or_an_error(value):
    found = outcome(lambda credentials: value, {})
    if isinstance(found, PluginResultInvalid):
        assert found.problems
        return
    adapter = pydantic.TypeAdapter(
        methods('configuration')['list_keys'].returns
    )
    assert type(found) is list
    assert {type(one) for one in found} <= {sdk.ConfigKey}
    assert adapter.validate_json(adapter.dump_json(found)) == found


@settings(max_examples=60, deadline=None)
@on(st.data())
def test_every_method_binds_exactly_the_contracts_arguments(data):
    plugin_type = data.draw(st.sampled_from(sorted(CONTRACTS)))
    specs = [
        spec
        for spec in methods(plugin_type).values()
        if spec.kind == 'coroutine'
    ]
    if not specs:
        return
    spec = data.draw(st.sampled_from(specs))
    names = [one.name for one in spec.parameters[2:]]
    given = data.draw(st.sets(st.sampled_from([*names, 'other', 'ctx'])))
    received = []

    async def method(self, ctx, credentials, **arguments):
        received.append(arguments)
        raise sdk.PluginUnavailableError('reached')

    cls = type('Handler', (), {spec.name: method})
    required = {
        one.name for one in spec.parameters[2:] if one.default is one.empty
    }
    arguments = dict.fromkeys(given, 1)
    try:
        asyncio.run(
            invoke(
                cls,
                spec.name,
                CONTEXT,
                {},
                arguments,
                plugin_type=plugin_type,
            )
        )
    except sdk.PluginUnavailableError:
        assert received == [arguments]
    except sdk.ProblemsError as error:
        told = {one.path for one in error.problems}
        wrong = (given - set(names)) | (required - given)
        assert told == {f'{spec.name}({name})' for name in wrong}
        assert wrong
        assert not received
