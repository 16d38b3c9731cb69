"""How laws are run: whose fault it is, time, redaction, cleaning up."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import signal
import threading
import time

import pytest

from imbi_plugin_sdk.handlers.configuration import ConfigValue
from imbi_plugin_testkit.config import Config
from imbi_plugin_testkit.lab import Labs, SandboxBroken
from imbi_plugin_testkit.lab.watchdog import Blocked, Watchdog
from imbi_plugin_testkit.memory import MemoryConfiguration, MemorySandbox
from imbi_plugin_testkit.model import Finding, Outcome, Untestable
from imbi_plugin_testkit.runner import Run
from imbi_plugin_testkit.sandbox import BaseSandbox, Fault, Limits
from imbi_plugin_testkit.subject import Project

needs_alarm = pytest.mark.skipif(
    not hasattr(signal, 'setitimer'), reason='no timer that interrupts'
)


async def calls_list_keys(lab):
    await lab.call('list_keys')
    yield Finding('', 'came back')


# Whose fault ----------------------------------------------------------------


def test_what_the_handler_raises_is_a_finding_with_its_line(run_law):
    class Broken(MemoryConfiguration):
        async def list_keys(self, ctx, credentials):
            raise KeyError('name')

    (finding,) = run_law(Broken, calls_list_keys)
    assert finding.path == 'list_keys'
    assert finding.message.startswith("list_keys raised KeyError: 'name' (te")
    assert 'test_lab.py:' in finding.message
    assert finding.message.endswith('where it must succeed.')


@pytest.mark.parametrize(
    'error',
    [
        SystemExit(3),
        GeneratorExit(),
        asyncio.CancelledError(),
        StopAsyncIteration(),
        BaseException('odd'),
    ],
)
def test_no_exception_of_the_handler_takes_the_kit_down(run_law, error):
    class Broken(MemoryConfiguration):
        async def list_keys(self, ctx, credentials):
            raise error

    (finding,) = run_law(Broken, calls_list_keys)
    assert finding.path == 'list_keys'


def test_a_constructor_that_raises_is_a_finding(run_law):
    class Broken(MemoryConfiguration):
        def __init__(self):
            raise OSError('no disk')

    (finding,) = run_law(Broken, calls_list_keys)
    assert finding.path == 'Broken()'


def test_what_the_law_raises_is_a_fault_of_the_kit(run_law):
    async def law(lab):
        await lab.call('list_keys')
        raise ZeroDivisionError
        yield

    with pytest.raises(ZeroDivisionError):
        run_law(MemoryConfiguration, law)


def test_the_runner_tells_the_two_apart(under_test, law, monkeypatch):
    class Broken(MemoryConfiguration):
        async def list_keys(self, ctx, credentials):
            raise KeyError('name')

    async def faulty(lab):
        raise ZeroDivisionError
        yield

    checks = {
        'LAB001': law(calls_list_keys),
        'LAB002': law(faulty, id='LAB002'),
    }
    monkeypatch.setattr('imbi_plugin_testkit.runner.catalogue', lambda: checks)
    plugin = under_test(Broken)
    labs = Labs(0, factory=lambda _: MemorySandbox())
    run = Run([plugin.subject], labs=labs)
    try:
        assert run.result(plugin, 'LAB001').outcome is Outcome.FAILED
        assert run.result(plugin, 'LAB002').outcome is Outcome.KIT_ERROR
    finally:
        run.close()


def test_what_the_sandbox_raises_makes_the_law_untestable(run_law):
    class Faulty(MemorySandbox):
        async def seed(self, context, model):
            raise RuntimeError('the container is gone')

    async def law(lab):
        await lab.seed(lab.context, {})
        yield

    with pytest.raises(Untestable, match=r'sandbox failed in seed: RuntimeEr'):
        run_law(MemoryConfiguration, law, sandbox=Faulty)


def test_what_the_sandbox_cannot_do_is_named(run_law):
    class Poor(MemorySandbox):
        fault = BaseSandbox.fault

    async def law(lab):
        async with lab.fault(Fault.HANG):
            yield

    with pytest.raises(Untestable, match=r'cannot do fault\(hang\)'):
        run_law(MemoryConfiguration, law, sandbox=Poor)
    with pytest.raises(Untestable, match='cannot do fault; override `fault`'):
        run_law(
            MemoryConfiguration,
            calls_list_keys,
            sandbox=Poor,
            facts={'needs': frozenset({'fault'})},
        )


def test_findings_before_the_sandbox_failed_are_kept(run_law):
    class Faulty(MemorySandbox):
        async def snapshot(self):
            raise RuntimeError('gone')

    async def law(lab):
        yield Finding('', 'seen')
        await lab.snapshot()

    found = run_law(MemoryConfiguration, law, sandbox=Faulty)
    assert [finding.message for finding in found] == ['seen']


# Time -----------------------------------------------------------------------


def test_a_hanging_call_is_a_finding(run_law):
    class Hangs(MemoryConfiguration):
        async def list_keys(self, ctx, credentials):
            await asyncio.sleep(600)

    start = time.monotonic()
    (finding,) = run_law(Hangs, calls_list_keys, timeout=0.1)
    assert time.monotonic() - start < 5
    assert finding.message.startswith('list_keys hung for 0.1 s')
    assert 'PluginTimeoutError' in finding.fix
    assert finding.details[-1].endswith('# did not come back')


@needs_alarm
@pytest.mark.parametrize('swallow', [Exception, BaseException])
def test_a_call_that_blocks_the_loop_is_a_finding(run_law, swallow):
    class Blocks(MemoryConfiguration):
        async def list_keys(self, ctx, credentials):
            with contextlib.suppress(swallow):
                time.sleep(600)  # noqa: ASYNC251  the point of it
            time.sleep(600)  # noqa: ASYNC251

    start = time.monotonic()
    (finding,) = run_law(Blocks, calls_list_keys, timeout=0.1)
    assert time.monotonic() - start < 5
    assert 'list_keys blocked the event loop' in finding.message
    assert 'asyncio.to_thread' in finding.fix


def test_a_call_that_ignores_cancellation_is_given_up(run_law):
    class Stubborn(MemoryConfiguration):
        async def list_keys(self, ctx, credentials):
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(0.01)

    (finding,) = run_law(Stubborn, calls_list_keys, timeout=0.1)
    assert finding.message.startswith('list_keys hung')
    start = time.monotonic()
    run_law.labs.close()
    assert time.monotonic() - start < 5


def test_the_next_law_runs_after_one_that_hung(under_test, law):
    hang = [True]

    class Hangs(MemoryConfiguration):
        async def list_keys(self, ctx, credentials):
            if hang[0]:
                await asyncio.sleep(600)
            return await super().list_keys(ctx, credentials)

    plugin = under_test(Hangs, timeout=0.1)
    labs = Labs(0, factory=lambda _: MemorySandbox())
    check = law(calls_list_keys)
    assert 'hung' in next(labs.run(plugin, check)).message
    hang[0] = False
    assert [one.message for one in labs.run(plugin, check)] == ['came back']
    labs.close()


def test_a_sandbox_that_hangs_makes_the_law_untestable(run_law):
    class Hangs(MemorySandbox):
        async def seed(self, context, model):
            await asyncio.sleep(600)

    async def law(lab):
        await lab.seed(lab.context, {})
        yield

    with pytest.raises(Untestable, match='the sandbox: seed hung'):
        run_law(MemoryConfiguration, law, sandbox=Hangs, timeout=0.1)


def test_a_law_that_is_slow_by_many_calls_says_so(run_law):
    async def law(lab):
        for _ in range(3):
            await lab.call('list_keys')
        await asyncio.sleep(60)  # no call is under way when time is up
        yield

    (finding,) = run_law(MemoryConfiguration, law, timeout=0.5)
    assert 'LAB001 was not done with its' in finding.message
    assert '`timeout`' in finding.fix


@needs_alarm
def test_the_watchdog_gives_the_alarm_back():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.15)
    try:
        with Watchdog() as watchdog:
            watchdog.arm(60)
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 0.15
        time.sleep(0.3)
        assert rung == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_without_the_main_thread_the_watchdog_does_nothing():
    seen = []

    def run():
        with Watchdog() as watchdog:
            watchdog.arm(0.01)
            seen.append(watchdog.available)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [False]
    assert not issubclass(Blocked, Exception)


# What is left behind ---


def test_cleaning_up_happens_after_a_failure_and_is_not_in_the_script(run_law):
    done = []

    async def law(lab):
        async def clean(what):
            done.append(what)
            await lab.attempt('delete_key', what)
            raise OSError('does not matter')

        lab.on_cleanup(lambda: clean('first'))
        lab.on_cleanup(lambda: clean('second'))
        yield Finding('', 'seen')
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_law(MemoryConfiguration, law)
    assert done == ['second', 'first']


def test_tasks_left_running_are_ended_and_told(run_law):
    class Leaves(MemoryConfiguration):
        task = None

        async def list_keys(self, ctx, credentials):
            type(self).task = asyncio.create_task(self.linger())

        async def linger(self):
            await asyncio.sleep(600)

    run_law(Leaves, calls_list_keys)
    assert Leaves.task.cancelled()
    (strays,) = run_law.labs.strays.values()
    assert len(strays) == 1
    assert strays[0].endswith('Leaves.linger')


def test_the_tasks_of_the_sandbox_are_left_alone(run_law):
    class Serves(MemorySandbox):
        async def __aenter__(self):
            self.task = asyncio.create_task(asyncio.sleep(600))
            return self

        async def __aexit__(self, *error):
            alive.append(not self.task.done())
            self.task.cancel()

    alive = []
    run_law(MemoryConfiguration, calls_list_keys, sandbox=Serves)
    assert not any(run_law.labs.strays.values())
    run_law.labs.close()
    assert alive == [True]


def test_an_interrupt_cleans_up_and_passes(run_law):
    done = []

    async def law(lab):
        async def clean():
            done.append(1)

        lab.on_cleanup(clean)
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(1)
        yield

    with pytest.raises(KeyboardInterrupt):
        run_law(MemoryConfiguration, law)
    assert done == [1]


# Details ---


def test_details_are_the_calls_so_far_without_secrets(run_law):
    token = 'k1t-' + 'a1B2c3' * 4

    class Leaks(MemoryConfiguration):
        async def list_keys(self, ctx, credentials):
            raise ValueError(f'bad header {credentials["api_token"]}')

    async def law(lab):
        value = ConfigValue(data_type='string', value=f'x{token}')
        await lab.attempt('set_value', 'a', value, ctx=lab.tenant('other'))
        await lab.attempt('get_values', credentials={'api_token': ' '})
        await lab.call('list_keys')
        yield

    (finding,) = run_law(
        Leaks, law, sandbox=lambda: MemorySandbox(token=token)
    )
    assert token not in repr(finding)
    head, first, second, third = finding.details
    assert head == '# plugin is a fresh Leaks() in each line'
    assert first.startswith(
        "await plugin.set_value(ctx_other, credentials, 'a'"
    )
    assert 'ConfigKey(' in first
    assert "<credentials with blank 'api_token'>" in second
    assert 'raised PluginCredentialsMissing' in second
    assert third.endswith('# raised ValueError: bad header ***')


def test_a_long_script_loses_its_middle(run_law):
    async def law(lab):
        for number in range(60):
            await lab.attempt('get_values', [str(number)])
        yield Finding('', 'seen')

    (finding,) = run_law(MemoryConfiguration, law)
    assert len(finding.details) == 26
    assert finding.details[5] == '# … 36 more calls …'
    assert "['59']" in finding.details[-1]


def test_a_repr_that_raises_is_no_fault_of_the_kit(run_law):
    class Odd:
        def __repr__(self):
            raise RuntimeError

    class Returns(MemoryConfiguration):
        async def list_keys(self, ctx, credentials):
            return Odd()

    (finding,) = run_law(Returns, calls_list_keys)
    assert '<Odd: its repr raises RuntimeError>' in finding.details[-1]


def test_the_same_seed_gives_the_same_law(run_law, under_test, law):
    async def body(lab):
        yield Finding('', f'{lab.key()} {lab.tenant("a").project_id}')

    def once(seed):
        labs = Labs(seed, factory=lambda _: MemorySandbox())
        found = list(labs.run(under_test(MemoryConfiguration), law(body)))
        labs.close()
        return found[0].message

    assert once(1) == once(1)
    assert once(1) != once(2)


@pytest.mark.parametrize(
    ('limits', 'allowed'),
    [
        (Limits(), 'abcdefghijklmnopqrstuvwxyz'),
        (Limits(key_alphabet='ABC_'), 'ABC'),
        (Limits(key_alphabet='0123456789'), '0123456789'),
        (Limits(max_key_length=5), 'abcdefghijklmnopqrstuvwxyz'),
    ],
)
def test_keys_are_within_limits(run_law, limits, allowed):
    async def law(lab):
        for _ in range(50):
            key = lab.key()
            assert 0 < len(key) <= lab.limits.max_key_length
            assert set(key) <= set(allowed)
        yield Finding('', 'done')

    assert run_law(
        MemoryConfiguration, law, sandbox=lambda: MemorySandbox(limits)
    )


# Opening ---


@pytest.fixture
def open_with(under_test):
    """Return a function that opens a plugin's sandbox and closes it again."""

    def run(factory=None, *, project=None, **config):
        plugin = under_test(MemoryConfiguration, **config)
        if project is not None:
            plugin.subject.project = Project(project / 'pyproject.toml', {})
        labs = Labs(0, factory=factory)
        try:
            return labs.opened(plugin), plugin
        finally:
            labs.close()
            run.labs = labs

    return run


def test_the_hook_wins_over_the_configuration(open_with):
    made = MemorySandbox()
    sandbox, plugin = open_with(lambda _: made, sandbox='no.such:thing')
    assert sandbox is made
    assert plugin.backend == 'memory'


def test_a_dotted_path_is_imported_from_the_project_root(
    open_with, tmp_path, monkeypatch
):
    (tmp_path / 'made_up_sandbox.py').write_text(
        'from imbi_plugin_testkit.memory import MemorySandbox\n'
        'def make(plugin):\n'
        '    assert plugin.name == "made-up"\n'
        '    return MemorySandbox()\n'
        'async def later():\n'
        '    return MemorySandbox()\n',
        'utf-8',
    )
    monkeypatch.setattr('sys.path', ['/nowhere'])
    for name in ('make', 'later'):
        sandbox, _ = open_with(
            project=tmp_path, sandbox=f'made_up_sandbox:{name}'
        )
        assert isinstance(sandbox, MemorySandbox)


def test_a_class_and_a_generator_function_are_sandboxes_too(open_with):
    entered = []

    @contextlib.asynccontextmanager
    async def generated(plugin):
        entered.append('in')
        yield MemorySandbox()
        entered.append('out')

    sandbox, _ = open_with(generated)
    assert isinstance(sandbox, MemorySandbox)
    assert entered == ['in', 'out']
    assert isinstance(
        open_with(sandbox='imbi_plugin_testkit.memory:MemorySandbox')[0],
        MemorySandbox,
    )


def test_without_a_sandbox_laws_are_untestable(open_with):
    with pytest.raises(Untestable, match='no sandbox is configured; see KIT0'):
        open_with()
    with pytest.raises(Untestable, match='returned None for made-up'):
        open_with(sandbox='builtins:print')
    with pytest.raises(Untestable, match='static verdict: too costly'):
        open_with(sandbox='none', sandbox_reason='too costly')


class NoCredentials(MemorySandbox):
    def __init__(self):
        super().__init__()
        self.credentials = {'api_tokn': 'x'}


class NoContext(MemorySandbox):
    def __init__(self):
        super().__init__()
        del self.context


class FailsToEnter(MemorySandbox):
    async def __aenter__(self):
        raise OSError('port taken')


class ReturnsNothing(MemorySandbox):
    async def __aenter__(self):
        pass


class Exits(MemorySandbox):
    async def __aenter__(self):
        raise SystemExit(1)


@pytest.mark.parametrize(
    ('config', 'factory', 'reason'),
    [
        ({'sandbox': 'made_up'}, None, 'names no function'),
        ({'sandbox': 'made_up_nowhere:make'}, None, 'does not import'),
        (
            {'sandbox': 'imbi_plugin_testkit.memory:MemorySandbx'},
            None,
            "no 'MemorySandbx'. Did you mean 'MemorySandbox'",
        ),
        ({'sandbox': 'imbi_plugin_testkit.memory:urllib'}, None, 'is module'),
        ({}, lambda _: 1 / 0, 'raised ZeroDivisionError'),
        ({}, lambda _: object(), 'object.context is NoneType'),
        ({}, lambda _: NoContext(), 'NoContext.context is NoneType'),
        ({}, lambda _: ReturnsNothing(), '`__aenter__` must return the san'),
        ({}, lambda _: FailsToEnter(), 'OSError while it opened: port taken'),
        ({}, lambda _: Exits(), 'SystemExit while it opened'),
        (
            {},
            lambda _: NoCredentials(),
            "no 'api_token', which the manifest requires. Did you mean 'api_t",
        ),
    ],
)
def test_a_sandbox_that_does_not_open_says_why(
    open_with, config, factory, reason
):
    with pytest.raises(SandboxBroken) as broken:
        open_with(factory, **config)
    assert reason in broken.value.reason


def test_a_broken_sandbox_is_tried_once_and_named_by_laws(under_test, law):
    tried = []

    def factory(_):
        tried.append(1)
        return FailsToEnter()

    plugin = under_test(MemoryConfiguration)
    labs = Labs(0, factory=factory)
    for _ in range(2):
        with pytest.raises(Untestable, match='see KIT002: OSError'):
            list(labs.run(plugin, law(calls_list_keys)))
    with pytest.raises(SandboxBroken):
        labs.opened(plugin)
    labs.close()
    assert tried == [1]


def test_a_sandbox_that_does_not_close_is_told_and_raises_nothing(open_with):
    class Faulty(MemorySandbox):
        async def __aexit__(self, *error):
            raise OSError('still mounted')

    open_with(lambda _: Faulty())
    assert open_with.labs.troubles == {'made-up': 'OSError: still mounted'}


def test_one_sandbox_serves_every_law_in_its_own_task(under_test, law):
    seen = contextvars.ContextVar('seen', default='')
    tasks = []

    class Once(MemorySandbox):
        opened = 0

        async def __aenter__(self):
            type(self).opened += 1
            seen.set('from the sandbox')
            tasks.append(asyncio.current_task())
            async with contextlib.AsyncExitStack() as stack:
                await stack.enter_async_context(asyncio.timeout(60))
                self.stack = stack.pop_all()
            return self

        async def __aexit__(self, *error):
            tasks.append(asyncio.current_task())
            await self.stack.aclose()

    async def body(lab):
        yield Finding('', seen.get())

    plugin = under_test(MemoryConfiguration)
    labs = Labs(0, factory=lambda _: Once())
    for _ in range(3):
        (finding,) = labs.run(plugin, law(body))
        assert finding.message == 'from the sandbox'
    labs.close()
    assert Once.opened == 1
    assert tasks[0] is tasks[1]
    assert labs.troubles == {}


def test_the_default_configuration_leaves_a_law_half_a_minute():
    assert Config().timeout == 30
