"""Webhook actions: descriptors, and callables the host can call."""

from __future__ import annotations

import functools
import inspect
import sys

import pydantic
import pytest

from imbi_plugin_sdk import ActionDescriptor
from imbi_plugin_sdk.handlers.webhook import (
    WEBHOOK_KEYWORDS,
    callable_problems,
)


async def notify(
    *, ctx, credentials, external_identifier, action_config, event
):
    pass


class Config(pydantic.BaseModel):
    pass


@pytest.fixture
def module(monkeypatch):
    monkeypatch.setitem(sys.modules, 'made_up_actions', sys.modules[__name__])
    return 'made_up_actions'


def test_the_keywords_are_those_of_version_1():
    expected = [*inspect.signature(notify).parameters]
    assert [*WEBHOOK_KEYWORDS] == expected


def test_a_descriptor_imports_what_it_names(module):
    action = ActionDescriptor(
        name='notify',
        label='Notify',
        callable=f'{module}:notify',
        config_model=f'{module}:Config',
    )
    assert action.callable is notify
    assert action.config_model is Config


@pytest.mark.parametrize(
    'change',
    [
        {'name': ''},
        {'name': 'Notify'},
        {'name': '1st'},
        {'name': 'two words'},
        {'label': ''},
        {'callable': 'made_up_actions:absent'},
        {'callable': 'made_up_actions:WEBHOOK_KEYWORDS'},
        {'config_model': 'made_up_actions:notify'},
        {'config_model': 'builtins:dict'},
    ],
)
def test_a_descriptor_refuses(module, change):
    good = {
        'name': 'notify',
        'label': 'Notify',
        'callable': f'{module}:notify',
        'config_model': f'{module}:Config',
    }
    with pytest.raises(pydantic.ValidationError):
        ActionDescriptor(**(good | change))


async def takes_any(**kwargs):
    pass


async def takes_positions(  # noqa: PLR0913, PLR0917  five are the contract's
    ctx, credentials, external_identifier, action_config, event, retries=3
):
    pass


async def other_order(
    event, action_config, external_identifier, credentials, ctx
):
    pass


def wrapped(func):
    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        return func(*args, **kwargs)

    return wrapper


class Action:
    async def __call__(self, **kwargs):
        pass

    async def method(
        self, ctx, credentials, external_identifier, action_config, event
    ):
        pass


@pytest.mark.parametrize(
    'func',
    [
        notify,
        takes_any,
        takes_positions,
        other_order,
        pytest.param(wrapped(notify), id='wrapped'),
        Action(),
        Action().method,
        functools.partial(takes_positions, retries=1),
    ],
)
def test_a_callable_that_takes_the_keywords_passes(func):
    assert callable_problems(func) == ()


async def old_name(
    *, ctx, credentials, external_identifier, action_config, payload
):
    pass


async def too_few(*, ctx, credentials, external_identifier, event):
    pass


async def too_many(  # noqa: PLR0913  five are the contract's
    *, ctx, credentials, external_identifier, action_config, event, more
):
    pass


async def positional(
    ctx, credentials, external_identifier, action_config, event, /
):
    pass


def sync(*, ctx, credentials, external_identifier, action_config, event):
    pass


async def stream(**kwargs):
    yield


@pytest.mark.parametrize(
    ('func', 'expected'),
    [
        (old_name, {('parameter_renamed', 'callable(event)')}),
        (too_few, {('parameter_missing', 'callable(action_config)')}),
        (too_many, {('parameter_extra', 'callable(more)')}),
        (
            positional,
            {('parameter_kind', f'callable({k})') for k in WEBHOOK_KEYWORDS},
        ),
        (sync, {('method_not_coroutine', 'callable')}),
        (stream, {('method_not_coroutine', 'callable')}),
        pytest.param(
            wrapped(too_few),
            {('parameter_missing', 'callable(action_config)')},
            id='wrapped',
        ),
        ('notify', {('not_callable', 'callable')}),
    ],
)
def test_a_callable_that_fails_at_dispatch_is_found_before(func, expected):
    found = callable_problems(func)
    assert {(problem.code, problem.path) for problem in found} == expected


def test_a_renamed_keyword_is_told_with_both_names():
    (problem,) = callable_problems(old_name, where='actions[0].callable')
    assert problem.path == 'actions[0].callable(event)'
    assert problem.fix == 'Rename `payload` to `event`.'
