"""What importing may do to the process: contained, attributed, survived."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from imbi_plugin_sdk.registry import _effects
from imbi_plugin_sdk.registry._guard import Guard, Outcome

EFFECTS = [
    ('cwd', "import os; os.chdir('/')"),
    ('environment', "import os; os.environ['IMBI_MADE_UP'] = 'x'"),
    ('environment', "import os; os.environ.pop('HOME')"),
    ('sys_path', "import sys; sys.path.append('/nowhere')"),
    (
        'import_system',
        'import sys, types\n'
        'sys.meta_path.append(types.SimpleNamespace('
        'find_spec=lambda *_: None))',
    ),
    ('logging', 'import logging; logging.root.setLevel(5)'),
    ('logging', 'import logging; logging.disable(5)'),
    (
        'logging',
        'import logging; logging.root.addHandler(logging.NullHandler())',
    ),
    ('warnings', "import warnings; warnings.simplefilter('ignore')"),
    (
        'threads',
        'import threading\n'
        'threading.Thread(target=threading.Event().wait, args=(2,), '
        "name='chatty', daemon=True).start()",
    ),
    (
        'event_loop_policy',
        'import asyncio\n'
        'class Policy(asyncio.DefaultEventLoopPolicy): pass\n'
        'asyncio.set_event_loop_policy(Policy())',
    ),
    ('hooks', 'import sys; sys.excepthook = print'),
    ('hooks', 'import sys, io; sys.stdout = io.StringIO()'),
    ('limits', 'import sys; sys.setrecursionlimit(5000)'),
    ('limits', 'import gc; gc.disable()'),
]


@pytest.fixture
def restored(monkeypatch):
    """Put back what the sources above change."""
    import asyncio  # noqa: PLC0415
    import gc  # noqa: PLC0415
    import logging  # noqa: PLC0415
    import warnings  # noqa: PLC0415

    monkeypatch.chdir(os.getcwd())  # noqa: PTH109
    for name in ('path', 'meta_path'):
        monkeypatch.setattr(sys, name, list(getattr(sys, name)))
    for name in ('excepthook', 'stdout'):
        monkeypatch.setattr(sys, name, getattr(sys, name))
    monkeypatch.setenv('IMBI_MADE_UP', 'x')
    monkeypatch.delenv('IMBI_MADE_UP')
    monkeypatch.setenv('HOME', '/tmp')
    monkeypatch.setattr(logging.root, 'handlers', [*logging.root.handlers])
    level, disable = logging.root.level, logging.root.manager.disable
    limit = sys.getrecursionlimit()
    policy = getattr(asyncio.events, '_event_loop_policy', None)
    with warnings.catch_warnings():
        yield
    logging.root.setLevel(level)
    logging.disable(disable)
    sys.setrecursionlimit(limit)
    asyncio.events._event_loop_policy = policy
    gc.enable()


@pytest.mark.skipif(sys.version_info >= (3, 14), reason='policies went')
@pytest.mark.parametrize(('name', 'source'), EFFECTS)
@pytest.mark.usefixtures('restored')
def test_what_an_import_changes_is_found_and_attributed(site, name, source):
    site.install(
        files={
            'imbi_plugin_one/__init__.py': site.plugin('one', before=source)
        }
    )
    site.install('imbi-plugin-two')
    registry = site.registry()
    codes = [one.code for one in registry.get('one').findings]
    assert f'effect_{name}' in codes
    assert registry.get('two').findings == ()


@pytest.mark.usefixtures('restored')
def test_a_finding_names_the_variable_and_never_its_value(site):
    value = 'hunter2' * 3
    site.install(
        files={
            'imbi_plugin_one/__init__.py': site.plugin(
                'one',
                before=f"import os; os.environ['IMBI_MADE_UP'] = {value!r}",
            )
        }
    )
    (finding,) = site.registry().get('one').findings
    assert 'IMBI_MADE_UP' in finding.message
    assert value not in str(finding)


@pytest.mark.usefixtures('restored')
def test_a_failed_import_has_its_effects_too(site):
    site.install(
        files={
            'imbi_plugin_one/__init__.py': (
                "import sys; sys.path.append('/nowhere'); 1/0"
            )
        }
    )
    (refusal,) = site.registry().current.refusals
    assert [one.code for one in refusal.findings] == ['effect_sys_path']


def test_a_signal_handler_is_seen():
    """Imports run in a thread, where Python itself refuses to set one."""
    watch = _effects.Watch()
    old = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        codes = [one.code for one in watch.changes()]
    finally:
        signal.signal(signal.SIGUSR1, old)
    assert codes == ['effect_signals']


def test_a_thread_that_ends_is_nobody_s_effect():
    event = threading.Event()
    thread = threading.Thread(target=event.wait)
    thread.start()
    watch = _effects.Watch()
    event.set()
    thread.join()
    assert watch.changes() == ()


def test_jobs_run_in_order_in_one_thread_that_ends():
    with Guard(5) as guard:
        outcomes = guard.run_all(
            [threading.current_thread] * 3, lambda _: None
        )
        threads = {outcome.value for outcome in outcomes}
    assert len(threads) == 1
    (thread,) = threads
    assert thread is not threading.current_thread()
    thread.join(5)
    assert not thread.is_alive()


def test_a_hang_costs_one_deadline_and_hides_no_other():
    stop = threading.Event()
    hung = []
    jobs = [
        lambda: 1,
        lambda: stop.wait(20),
        lambda: sys.exit(3),
        lambda: stop.wait(20),
        lambda: 5,
    ]
    start = time.monotonic()
    with Guard(0.2) as guard:
        outcomes = guard.run_all(jobs, hung.append)
    assert time.monotonic() - start < 5
    stop.set()
    assert hung == [1, 3]
    assert outcomes[0] == Outcome(value=1)
    assert outcomes[1] == Outcome(hung=True)
    assert outcomes[2].raised.type_name == 'SystemExit'
    assert outcomes[4] == Outcome(value=5)


def test_what_was_left_behind_starts_nothing_more():
    stop, ran = threading.Event(), []
    with Guard(0.2) as guard:
        guard.run_all(
            [lambda: stop.wait(20), lambda: ran.append('second')],
            lambda _: None,
        )
    stop.set()
    time.sleep(0.1)
    assert ran == ['second']  # by the new thread, and only by that one


CTRL_C = """
import os, signal, sys, threading, time
from imbi_plugin_sdk.registry import PluginRegistry

def press():
    time.sleep(0.7)
    os.kill(os.getpid(), signal.SIGINT)

class Slow:
    name, version = 'slow', '1'
    class Point:
        name = 'slow'
        def load(self):
            threading.Event().wait(30)
    entry_points = [Point()]

PluginRegistry([])  # imports are done with
threading.Thread(target=press, daemon=True).start()
start = time.monotonic()
try:
    PluginRegistry([Slow()], deadline=20)
except KeyboardInterrupt:
    print('interrupted', time.monotonic() - start < 10)
"""


def test_a_real_ctrl_c_still_works():
    done = subprocess.run(
        [sys.executable, '-c', CTRL_C],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == 'interrupted True', done.stderr


def test_readers_never_wait_for_a_reload(site):
    site.install()
    registry = site.registry()
    site.install(
        'imbi-plugin-slow',
        files={
            'imbi_plugin_slow/__init__.py': 'import time; time.sleep(0.5)\n'
            + site.plugin('slow')
        },
    )
    thread = threading.Thread(target=registry.reload)
    thread.start()
    reads = 0
    while thread.is_alive():
        start = time.perf_counter()
        with registry.lease() as snapshot:
            assert snapshot.entries['one']
        assert time.perf_counter() - start < 0.3
        reads += 1
        time.sleep(0.001)
    thread.join()
    assert reads > 20
    assert registry.get('slow')
