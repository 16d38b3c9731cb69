"""No secret gets out of a call, whatever a plugin raises."""

# ruff: noqa: TRY301  raising is what these functions are for

from __future__ import annotations

import asyncio
import base64
import io
import json
import pickle
import re
import signal
import traceback

import pydantic
import pytest

import imbi_plugin_sdk as sdk
from imbi_plugin_sdk.invocation import (
    PluginArgumentRefused,
    PluginFailed,
    PluginRaised,
    PluginResultInvalid,
    _failures,
    invoke,
)
from imbi_plugin_sdk.redaction import occurrences

TOKEN = 'hunter2-' + 'Zq8/' * 4 + '"é'
CREDENTIALS = {'token': TOKEN}
FORMS = {
    'raw': TOKEN,
    'json': json.dumps(TOKEN),
    'basic': 'Basic ' + base64.b64encode(f'me:{TOKEN}'.encode()).decode(),
    'repr': repr({'token': TOKEN}),
    'json in repr': repr({'body': json.dumps({'token': TOKEN})}),
}


def context(**facts):
    return sdk.PluginContext(
        project_id='1', project_slug='p', org_slug='o', **facts
    )


def raised_by(raising, *, ctx=None, method='list_keys', arguments=None, **how):
    """Call a handler whose methods do `raising(credentials)`."""
    given = ctx or context()

    async def body(self, ctx, credentials, **arguments):
        raising(credentials)
        return []

    manifest = sdk.PluginManifest(
        slug='leaky',
        name='Leaky',
        plugin_type=how.pop('plugin_type', 'configuration'),
        options=[sdk.PluginOption(name='pin', label='Pin', type='secret')],
    )
    cls = type('Leaky', (), {'manifest': manifest, method: body})
    try:
        asyncio.run(invoke(cls, method, given, CREDENTIALS, arguments, **how))
    except sdk.PluginError as error:
        return error
    raise AssertionError('nothing was raised')


def all_text(error):
    """Return what any log, debugger or error tracker could print of it."""
    out = io.StringIO()
    traceback.print_exception(error, file=out)
    parts = [out.getvalue(), repr(error), str(error), repr(vars(error))]
    parts += [repr(error.args), repr(getattr(error, '__notes__', ''))]
    parts.append(repr(pickle.dumps(error)) if _pickles(error) else '')
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_name != 'raised_by':  # the host's own
            parts.append(repr(trace.tb_frame.f_locals))
        trace = trace.tb_next
    return '\n'.join(parts)


def _pickles(error):
    return type(error).__module__.startswith('imbi_plugin_sdk')


def assert_clean(error, secret=TOKEN):
    text = all_text(error)
    assert occurrences(text, secret) == (), text
    cause = error.__cause__ or error.__context__
    assert cause is None, f'{cause!r} is chained'


def notes_of(error):
    """Return an error's notes without the places where things happened."""
    heads = [note.partition('raised at ')[0] for note in error.__notes__]
    return [head.strip() for head in heads if head]


# --- foreign exceptions ------------------------------------------------


@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize('kind', [RuntimeError, KeyError, OSError, TypeError])
def test_a_foreign_exception_is_named_and_its_text_redacted(kind, form):
    def raising(credentials):
        raise kind(f'request failed: {FORMS[form]}')

    error = raised_by(raising)
    assert type(error) is PluginFailed
    assert error.exception == kind.__name__
    assert (error.plugin, error.method) == ('leaky', 'list_keys')
    assert 'request failed' in str(error)
    assert '***' in str(error)
    assert_clean(error)


def test_notes_and_the_whole_chain_are_told_without_the_secret():
    def raising(credentials):
        try:
            try:
                raise OSError(f'connect {TOKEN}')
            except OSError as low:
                middle = LookupError(f'lookup {TOKEN}')
                middle.add_note(f'a note with {TOKEN}')
                raise middle from low
        except LookupError:
            error = RuntimeError('at the top')
            error.add_note(f'hint: {TOKEN}')
            raise error  # noqa: B904  the context is what is tested

    error = raised_by(raising)
    assert_clean(error)
    assert notes_of(error) == [
        'hint: ***',
        'while handling LookupError: lookup ***',
        'caused by OSError: connect ***',
    ]
    heads = [one for one in error.trace.splitlines() if one[0] != ' ']
    assert heads == [
        'RuntimeError: at the top',
        'while handling LookupError: lookup ***',
        'caused by OSError: connect ***',
    ]
    assert 'note: a note with ***' in error.trace
    assert 'in raised_by.<locals>.body' in error.trace


def test_a_group_tells_its_members():
    def raising(credentials):
        raise ExceptionGroup(
            'two', [KeyError(TOKEN), sdk.PluginUnavailableError('down')]
        )

    error = raised_by(raising)
    assert error.exception == 'ExceptionGroup'
    assert notes_of(error) == [
        'holds KeyError: ***',
        'holds imbi_plugin_sdk.errors.PluginUnavailableError: down',
    ]
    assert_clean(error)


@pytest.mark.parametrize(
    'kind', [SystemExit, KeyboardInterrupt, GeneratorExit, BaseException]
)
def test_what_would_end_the_process_is_contained(kind):
    def raising(credentials):
        raise kind(TOKEN)

    error = raised_by(raising)
    assert error.exception == kind.__name__
    assert_clean(error)


def test_a_real_interrupt_is_not_contained():
    def raising(credentials):
        previous = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.signal(signal.SIGINT, previous)

    with pytest.raises(KeyboardInterrupt):
        raised_by(raising)


class Unspeakable(Exception):  # noqa: N818  a name for a test
    def __str__(self):
        raise SystemExit(TOKEN)

    __repr__ = __str__


class UnspeakableOfOurs(sdk.PluginAuthenticationFailed):
    def __str__(self):
        raise SystemExit(TOKEN)

    __repr__ = __str__


def test_an_exception_that_cannot_be_printed_is_named_all_the_same():
    def raising(credentials):
        raise Unspeakable(TOKEN)

    error = raised_by(raising)
    assert error.exception.endswith('.Unspeakable')
    assert 'cannot be read' in error.message
    assert_clean(error)


def test_an_error_of_the_contract_that_cannot_be_printed_keeps_its_kind():
    def raising(credentials):
        raise UnspeakableOfOurs(TOKEN)

    error = raised_by(raising)
    assert type(error) is sdk.PluginAuthenticationFailed
    assert_clean(error)


def test_a_chain_that_bites_its_tail_ends():
    def raising(credentials):
        one, other = RuntimeError('one'), RuntimeError('other')
        one.__cause__, other.__cause__ = other, one
        raise one

    error = raised_by(raising)
    assert notes_of(error) == ['caused by RuntimeError: other']


def test_a_pydantic_error_does_not_quote_its_input():
    class Answer(pydantic.BaseModel):
        count: int

    def raising(credentials):
        Answer.model_validate({'count': 'the remote keeps this secret'})

    error = raised_by(raising)
    assert type(error) is PluginFailed
    assert 'count: Input should be a valid integer' in str(error)
    assert_clean(error, 'the remote keeps this secret')


def test_a_message_of_a_megabyte_is_left_out_as_a_whole():
    def raising(credentials):
        raise RuntimeError('x' * (_failures.MOST_READ - 4) + TOKEN)

    error = raised_by(raising)
    assert 'left out' in error.message
    assert len(str(error)) < 200
    assert_clean(error)


def test_a_long_message_is_cut_only_after_it_was_redacted():
    start = _failures.SHOWN - len(TOKEN) // 2

    def raising(credentials):
        raise RuntimeError('x' * start + TOKEN + 'y' * 5000)

    error = raised_by(raising)
    assert error.message.endswith('***' + error.message.partition('***')[2])
    assert TOKEN[:6] not in all_text(error)


@pytest.mark.parametrize(
    ('kind', 'expected'),
    [
        (lambda: ValueError('no key like that'), PluginArgumentRefused),
        (lambda: json.JSONDecodeError('malformed', '{', 0), PluginFailed),
        (b'\xff'.decode, PluginFailed),
        (lambda: base64.b64decode('a', validate=True), PluginFailed),
    ],
    ids=['argument', 'json', 'unicode', 'base64'],
)
def test_a_value_error_refuses_an_argument_unless_it_is_about_data(
    kind, expected
):
    def raising(credentials):
        raise kind()

    error = raised_by(raising)
    assert type(error) is expected
    assert isinstance(error, PluginRaised)


def test_a_refused_argument_can_still_be_caught_as_value_error():
    def raising(credentials):
        raise ValueError(f'bad key {TOKEN}')

    error = raised_by(raising)
    assert isinstance(error, ValueError)
    assert error.http_status == 422
    assert_clean(error)


# --- errors of the contract --------------------------------------------


def chained_errors(error):
    """Return an error and whatever hangs on it."""
    found, waiting = [], [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__]
            waiting += getattr(one, 'exceptions', ())
    return found


def test_no_frame_of_the_plugin_hangs_on_an_error_or_on_its_chain():
    def fail(token):
        header = f'Bearer {token}'
        raise OSError(len(header))

    def raising(credentials):
        token = credentials['token']
        try:
            fail(token)
        except OSError as error:
            group = ExceptionGroup('two', [error, ValueError('odd')])
        try:
            raise group
        except ExceptionGroup:
            try:
                fail(token)
            except OSError as error:
                raise sdk.PluginUnavailableError('down') from error

    error = raised_by(raising)
    chain = chained_errors(error)
    assert len(chain) == 5
    assert str(error) == 'down'
    assert occurrences(all_text(error), TOKEN) == ()
    assert [one.__traceback__ for one in chain if one is not error] == [
        None
    ] * 4


def functions(note):
    """Return the functions of a note that says where, innermost first."""
    first, *others = note.splitlines()
    assert first.startswith(f'raised at {__file__}:')
    assert all(one.startswith(f'  called at {__file__}:') for one in others)
    return [re.split(r'[ .]', one)[-1] for one in note.splitlines()]


def fail():
    raise OSError('refused')


def fail_as(told):
    try:
        fail()
    except OSError as error:
        raise told from error


def test_an_error_and_what_caused_it_say_where_they_were_raised():
    def raising(credentials):
        fail_as(sdk.PluginUnavailableError('down'))

    error = raised_by(raising)
    (here,), (there,) = error.__notes__, error.__cause__.__notes__
    assert functions(here) == ['fail_as', 'raising', 'body']
    assert functions(there) == ['fail', 'fail_as']


def test_a_copy_says_where_it_and_what_caused_it_were_raised():
    def raising(credentials):
        fail_as(sdk.PluginUnavailableError(credentials['token']))

    error = raised_by(raising)
    assert str(error) == '***'
    here, cause = error.__notes__
    assert functions(here) == ['fail_as', 'raising', 'body']
    head, _, there = cause.partition('\n')
    assert head == 'caused by OSError: refused'
    assert functions(there) == ['fail', 'fail_as']


def test_a_place_that_holds_a_secret_is_redacted_in_a_copy():
    def raising(credentials):
        code = compile('raise error', credentials['token'], 'exec')
        names = {'error': sdk.PluginUnavailableError('down')}
        exec(code, names)

    error = raised_by(raising)
    assert_clean(error)
    assert error.__notes__[0].startswith('raised at ***:1 in <module>')


def test_no_place_of_the_host_is_told_of_a_result_that_it_refuses():
    async def body(self, ctx, credentials):
        return 7

    cls = type('Odd', (), {'list_keys': body})
    with pytest.raises(PluginResultInvalid) as caught:
        asyncio.run(
            invoke(
                cls, 'list_keys', context(), {}, plugin_type='configuration'
            )
        )
    assert not hasattr(caught.value, '__notes__')


def test_only_the_innermost_places_of_a_deep_call_are_told():
    def deep(levels):
        if levels:
            deep(levels - 1)
        raise sdk.PluginUnavailableError('down')

    (note,) = raised_by(lambda _: deep(50)).__notes__
    assert note.count('\n') == 23
    assert 'body' not in note


def test_an_error_that_is_raised_again_and_again_does_not_grow():
    error = sdk.PluginUnavailableError('down')

    def raising(credentials):
        raise error

    for _ in range(3):
        assert raised_by(raising) is error
    assert len(error.__notes__) == 1


def test_frames_are_taken_from_a_chain_that_bites_its_tail():
    def raising(credentials):
        one, other = sdk.PluginUnavailableError('down'), OSError('refused')
        one.__cause__, other.__cause__ = other, one
        raise one

    error = raised_by(raising)
    assert str(error) == 'down'
    assert error.__cause__.__cause__ is error


def test_a_note_that_is_no_text_is_passed_over():
    def raising(credentials):
        error = OSError('refused')
        error.__notes__ = [7, 'a hint', b'raw']
        raise error

    error = raised_by(raising)
    assert error.message == 'refused'
    assert notes_of(error) == ['a hint']


def test_notes_that_are_no_list_are_left_alone():
    def raising(credentials):
        error = sdk.PluginUnavailableError('down')
        error.__notes__ = 7
        raise error

    error = raised_by(raising)
    assert (str(error), error.__notes__) == ('down', 7)


class Mute(sdk.PluginUnavailableError):
    """Refuses every look at it."""

    def __getattribute__(self, name):
        raise SystemExit(name)


class Pretender(Exception):  # noqa: N818  the point
    """Says that it is an error of the contract."""

    @property
    def __class__(self):
        return sdk.PluginUnavailableError


class Thrower(Exception):  # noqa: N818  as above
    @property
    def __class__(self):
        raise SystemExit


@pytest.mark.parametrize('kind', [Mute, Pretender, Thrower])
def test_no_exception_gets_out_by_what_it_says_of_itself(kind):
    def raising(credentials):
        raise kind(credentials['token'])

    error = raised_by(raising)
    assert type(error) is PluginFailed
    assert_clean(error)


def test_an_error_without_a_secret_is_the_same_object():
    cause = OSError('refused')
    given = sdk.PluginUnavailableError('down')

    def raising(credentials):
        raise given from cause

    assert raised_by(raising) is given
    assert given.__cause__ is cause


class Chatty(sdk.PluginUnavailableError):
    """A plugin's own class with a constructor of its own."""

    def __init__(self, url, *, headers):
        super().__init__(f'GET {url}')
        self.headers = headers
        self.tries = 3


@pytest.mark.parametrize(
    'make',
    [
        lambda: sdk.PluginUnavailableError(f'down: {TOKEN}'),
        lambda: sdk.PluginUnavailableError('down', {'t': [TOKEN]}),
        lambda: sdk.PluginUnavailableError('down', TOKEN.encode()),
        lambda: sdk.PluginRateLimited(12.5, f'slow down, {TOKEN}'),
        lambda: Chatty('/', headers={'authorization': f'Bearer {TOKEN}'}),
        lambda: sdk.ManifestError(
            'x', [sdk.Problem('c', 'p', f'seen {TOKEN}', 'mend')]
        ),
    ],
    ids=['text', 'nested', 'bytes', 'rate limit', 'own class', 'problems'],
)
def test_an_error_with_a_secret_becomes_a_copy_of_its_kind(make):
    given = make()

    def raising(credentials):
        raise given

    error = raised_by(raising)
    assert error is not given
    assert type(error) is type(given)
    assert_clean(error)


def test_a_copy_keeps_what_is_harmless():
    def limited(credentials):
        raise sdk.PluginRateLimited(12.5, f'slow down, {TOKEN}')

    def chatty(credentials):
        raise Chatty('/items', headers={'authorization': TOKEN})

    error = raised_by(limited)
    assert (error.retry_at, error.message) == (12.5, 'slow down, ***')
    error = raised_by(chatty)
    assert (str(error), error.tries) == ('GET /items', 3)
    assert error.headers == {'authorization': '***'}


def test_a_copy_keeps_lists_and_tuples_apart():
    error = raised_by(
        lambda credentials: fail_as(
            Chatty(credentials['token'], headers={'a': [1, TOKEN], 'b': (2,)})
        )
    )
    assert error.headers == {'a': [1, '***'], 'b': (2,)}


def test_a_secret_in_the_cause_alone_makes_a_copy_that_tells_it():
    def raising(credentials):
        raise sdk.PluginUnavailableError('down') from OSError(TOKEN)

    error = raised_by(raising)
    assert str(error) == 'down'
    assert notes_of(error) == ['caused by OSError: ***']
    assert_clean(error)


def test_a_secret_that_only_an_attribute_of_the_cause_holds_is_found():
    def raising(credentials):
        raise sdk.PluginUnavailableError('down') from Chatty(
            '/items', headers={'authorization': TOKEN}
        )

    error = raised_by(raising)
    assert str(error) == 'down'
    assert_clean(error)


class Stubborn(sdk.PluginRateLimited):
    def __str__(self):
        return f'still {TOKEN}'


def test_a_class_that_shows_the_secret_by_itself_is_replaced_by_its_base():
    def raising(credentials):
        raise Stubborn(3.0)

    error = raised_by(raising)
    assert type(error) is sdk.PluginRateLimited
    assert error.retry_at == 3.0
    assert_clean(error)


# --- what else is secret -----------------------------------------------

PIN = 'pin-' + '13' * 8
IDENTITY = sdk.IdentityCredentials(
    access_token='access-' + 'x9' * 8,
    refresh_token='refresh-' + 'y8' * 8,
    extra={'id': {'token': 'extra-' + 'z7' * 8}},
)


@pytest.mark.parametrize(
    ('facts', 'secret'),
    [
        ({'identity': IDENTITY}, IDENTITY.access_token),
        ({'identity': IDENTITY}, IDENTITY.refresh_token),
        ({'identity': IDENTITY}, IDENTITY.extra['id']['token']),
        (
            {'assignment_options': {'pin': 'opt-' + '13' * 8}},
            'opt-' + '13' * 8,
        ),
        (
            {
                'environment_config': {
                    'deep': [pydantic.SecretStr('deep-' + '57' * 8)]
                }
            },
            'deep-' + '57' * 8,
        ),
        (
            {
                'service_plugins': [
                    sdk.ServicePlugin(
                        slug='s', options={'k': pydantic.SecretStr('sp-' * 6)}
                    )
                ]
            },
            'sp-' * 6,
        ),
    ],
    ids=['access', 'refresh', 'extra', 'option', 'environment', 'sibling'],
)
def test_secrets_of_the_context_are_redacted_too(facts, secret):
    def raising(credentials):
        raise RuntimeError(f'sent {secret}')

    assert_clean(raised_by(raising, ctx=context(**facts)), secret)


def test_a_number_is_a_secret_and_a_truth_value_is_none():
    identity = sdk.IdentityCredentials(
        access_token='access-' + 'x9' * 8,
        extra={'pin': 13_579_246, 'verified': True},
    )

    def raising(credentials):
        raise RuntimeError('verified=True with 13579246')

    error = raised_by(raising, ctx=context(identity=identity))
    assert error.message == 'verified=True with ***'


def test_an_option_that_is_not_secret_may_be_shown():
    def raising(credentials):
        raise RuntimeError('no such path: /imbi/things')

    error = raised_by(
        raising, ctx=context(assignment_options={'path': '/imbi/things'})
    )
    assert '/imbi/things' in str(error)


@pytest.mark.parametrize(
    ('method', 'plugin_type', 'arguments', 'secret'),
    [
        (
            'revoke',
            'identity',
            {'token': 'tok-' + '24' * 8},
            'tok-' + '24' * 8,
        ),
        (
            'materialize',
            'identity',
            {'connection': IDENTITY},
            IDENTITY.access_token,
        ),
        (
            'set_value',
            'configuration',
            {
                'key': 'k',
                'value': sdk.ConfigValue(
                    data_type='s', value='val-' + '68' * 8, secret=True
                ),
            },
            'val-' + '68' * 8,
        ),
    ],
    ids=['token', 'connection', 'secret value'],
)
def test_secret_arguments_are_redacted_too(
    method, plugin_type, arguments, secret
):
    def raising(credentials):
        raise RuntimeError(f'sent {secret}')

    error = raised_by(
        raising, method=method, plugin_type=plugin_type, arguments=arguments
    )
    assert_clean(error, secret)


def test_the_constructor_is_guarded_too():
    class Broken:
        manifest = sdk.PluginManifest(
            slug='broken', name='B', plugin_type='configuration'
        )

        def __init__(self):
            raise RuntimeError('in the constructor')

        async def list_keys(self, ctx, credentials):
            return []

    with pytest.raises(PluginFailed, match='in the constructor'):
        asyncio.run(invoke(Broken, 'list_keys', context(), CREDENTIALS))
