"""What importing may do to the process: contained, attributed, survived."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import threading
import time

import pytest

import imbi_plugin_sdk
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
    ('limits', 'import sys; sys.setswitchinterval(0.01)'),
    ('limits', 'import sys; sys.set_int_max_str_digits(0)'),
    ('hooks', 'import sys; sys.unraisablehook = print'),
    ('hooks', 'import threading; threading.setprofile(print)'),
    (
        'hooks',
        'import sys\n'
        'class Same:\n'
        '    __hash__ = None\n'
        '    def __eq__(self, other): return True\n'
        'sys.stdout = Same()',
    ),
    (
        'logging',
        'import logging\n'
        'class Own(logging.Logger): pass\n'
        'logging.setLoggerClass(Own)',
    ),
    (
        'locale',
        'import locale; locale.setlocale(locale.LC_ALL, "C.UTF-8")',
    ),
    ('functions', 'import time; time.sleep = print'),
    ('functions', 'import builtins; builtins.imbi_made_up = print'),
    ('functions', 'import builtins; builtins.print = builtins.repr'),
    (
        'functions',
        'import ssl\n'
        'ssl._create_default_https_context = ssl._create_unverified_context',
    ),
]
"""Part of the process and what changes it."""

NO_EFFECTS = {
    'a module that is new': 'import json.tool, colorsys',
    'a loop of asyncio': 'import asyncio; asyncio.new_event_loop().close()',
    'a thread that ended': (
        'import threading\n'
        'thread = threading.Thread(target=print)\n'
        'thread.start(); thread.join()'
    ),
    'a logger of its own': (
        'import logging; logging.getLogger(__name__).setLevel(5)'
    ),
    'an environment set to what it was': (
        "import os; os.environ.update(HOME=os.environ['HOME'])"
    ),
}


@pytest.fixture
def restored(monkeypatch):
    """Put back what the sources above change."""
    import asyncio  # noqa: PLC0415
    import builtins  # noqa: PLC0415
    import gc  # noqa: PLC0415
    import locale  # noqa: PLC0415
    import logging  # noqa: PLC0415
    import ssl  # noqa: PLC0415
    import warnings  # noqa: PLC0415

    context = '_create_default_https_context'
    monkeypatch.setattr(ssl, context, getattr(ssl, context))
    monkeypatch.setattr(time, 'sleep', time.sleep)
    monkeypatch.setattr(builtins, 'imbi_made_up', None, raising=False)
    monkeypatch.delattr(builtins, 'imbi_made_up')
    monkeypatch.setattr(builtins, 'print', print)
    kind = locale.setlocale(locale.LC_ALL)
    locale.setlocale(locale.LC_ALL, 'C')
    interval, digits = sys.getswitchinterval(), sys.get_int_max_str_digits()
    monkeypatch.chdir(os.getcwd())  # noqa: PTH109
    for name in ('path', 'meta_path', 'path_hooks'):
        monkeypatch.setattr(sys, name, list(getattr(sys, name)))
    for name in ('excepthook', 'stdout', 'unraisablehook'):
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
    sys.setswitchinterval(interval)
    sys.set_int_max_str_digits(digits)
    threading.setprofile(None)
    logging.setLoggerClass(logging.Logger)
    locale.setlocale(locale.LC_ALL, kind)


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


@pytest.mark.parametrize('name', NO_EFFECTS)
@pytest.mark.usefixtures('restored')
def test_what_changes_nothing_for_others_is_no_effect(site, name):
    asyncio = importlib.import_module('asyncio')
    asyncio.set_event_loop_policy(None)
    site.install(
        files={
            'imbi_plugin_one/__init__.py': site.plugin(
                'one', before=NO_EFFECTS[name]
            )
        }
    )
    assert site.registry().get('one').findings == ()


TAKEN = {
    'all of sys.path': ('sys_path', 'import sys; sys.path.clear()'),
    'sys.path itself': ('sys_path', 'import sys; sys.path = None'),
    'all finders': ('import_system', 'import sys; sys.meta_path.clear()'),
    'the path hooks': ('import_system', 'import sys; sys.path_hooks = []'),
    'depth of recursion': (
        'limits',
        'import sys\n'
        'for depth in range(20, 900):\n'
        '    try:\n'
        '        sys.setrecursionlimit(depth)\n'
        '        break\n'
        '    except RecursionError: pass\n'
        'else: raise SystemExit\n',
    ),
}


@pytest.mark.parametrize('what', TAKEN)
@pytest.mark.usefixtures('restored')
def test_what_a_plugin_takes_from_everybody_is_put_back(site, what):
    part, source = TAKEN[what]
    site.install('imbi-plugin-bad', files={'imbi_plugin_bad.py': source})
    site.install(
        'imbi-plugin-good',
        files={
            'imbi_plugin_good/__init__.py': 'import wave\n'
            + site.plugin('good'),
        },
    )
    sys.modules.pop('wave', None)
    state = [*sys.path], [*sys.meta_path], [*sys.path_hooks]
    limit = sys.getrecursionlimit()
    registry = site.registry()
    assert registry.get('good').findings == ()
    (refusal,) = registry.current.refusals
    (finding,) = refusal.findings
    assert finding.code == f'effect_{part}'
    assert 'put back' in finding.message
    assert (sys.path, sys.meta_path, sys.path_hooks) == state
    assert sys.getrecursionlimit() == limit


@pytest.mark.usefixtures('restored')
def test_a_reload_asks_the_system_and_not_what_a_plugin_put_there(
    site, monkeypatch
):
    for name in ('listdir', 'open', 'stat'):
        monkeypatch.setattr(os, name, getattr(os, name))
    site.install(
        'imbi-plugin-bad',
        files={
            'imbi_plugin_bad.py': 'import os\n'
            'def end(*_, **__): raise SystemExit\n'
            'os.listdir = os.open = os.stat = end'
        },
    )
    site.install('imbi-plugin-good')
    registry = site.registry()
    assert not registry.reload().changed
    assert list(registry.current.entries) == ['good']


@pytest.mark.parametrize(
    ('lost', 'meant'),
    [
        ('sys.meta_path.clear()', " Did you mean 'Handlr'?"),
        ('sys.meta_path.insert(0, Finder)', ''),
    ],
)
@pytest.mark.usefixtures('restored')
def test_a_name_is_missing_and_not_what_compares_names(
    site, monkeypatch, lost, meant
):
    source = (
        'import sys\nclass Handlr: pass\n'
        'class Finder:\n    def find_spec(*_): raise RuntimeError\n' + lost
    )
    site.install(
        files={'imbi_plugin_one.py': source},
        points={'one': 'imbi_plugin_one:Handler'},
    )
    monkeypatch.delitem(sys.modules, 'difflib', raising=False)
    registry = site.registry()
    (refusal,) = registry.current.refusals
    assert refusal.code == 'attribute_missing'
    assert refusal.message == (  # and no line of ours
        "importing 'imbi_plugin_one:Handler' raised NoSuchAttribute: "
        f"imbi_plugin_one has no 'Handler'.{meant}"
    )


@pytest.mark.usefixtures('restored')
def test_a_report_is_made_after_imports_are_broken(site, monkeypatch):
    site.install(
        files={
            'imbi_plugin_one.py': 'import sys\nclass Finder:\n'
            '    def find_spec(*_): raise RuntimeError\n'
            '    find_distributions = find_spec\n'
            'sys.meta_path.insert(0, Finder)'
        }
    )
    monkeypatch.delitem(vars(imbi_plugin_sdk), '__version__', raising=False)
    report = site.registry().report()
    assert report['sdk'] == ''
    assert len(report['refusals']) == 1


@pytest.mark.usefixtures('restored')
def test_what_a_plugin_adds_to_a_list_it_takes_from_is_kept(site):
    source = "import sys; sys.path[:] = ['/nowhere']"
    site.install(
        files={
            'imbi_plugin_one/__init__.py': site.plugin('one', before=source)
        }
    )
    before = [*sys.path]
    assert site.registry().get('one')
    assert sys.path == [*before, '/nowhere']


BREAKS = {
    'the log': 'import logging; logging.root.handlers = None',
    'the clock': 'import time; time.perf_counter = time.monotonic = None',
    'what lists threads': 'import threading; threading.enumerate = None',
    'the filters': 'import warnings; warnings.filters = None',
}


@pytest.mark.parametrize('what', BREAKS)
@pytest.mark.usefixtures('restored')
def test_a_plugin_that_breaks_what_all_use_breaks_no_load(
    site, what, monkeypatch
):
    import logging  # noqa: PLC0415
    import warnings  # noqa: PLC0415

    for module, name in (
        (time, 'perf_counter'),
        (time, 'monotonic'),
        (threading, 'enumerate'),
        (warnings, 'filters'),
        (logging.root, 'handlers'),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))
    site.install('imbi-plugin-bad', files={'imbi_plugin_bad.py': BREAKS[what]})
    site.install('imbi-plugin-good')
    registry = site.registry()
    monkeypatch.undo()
    assert list(registry.current.entries) == ['good']
    assert [one.code for one in registry.current.refusals] == [
        'attribute_missing'
    ]


@pytest.mark.usefixtures('restored')
def test_effects_of_looking_at_a_class_are_its_own(site):
    site.install(
        'imbi-plugin-bad',
        files={
            'imbi_plugin_bad.py': 'import os\n'
            'class Meta(type):\n'
            '    def __getattribute__(cls, name): os.chdir("/")\n'
            'class Handler(metaclass=Meta): pass\n'
        },
    )
    site.install('imbi-plugin-good')
    registry = site.registry()
    (refusal,) = registry.current.refusals
    assert [one.code for one in refusal.findings] == ['effect_cwd']
    assert registry.get('good').findings == ()


@pytest.mark.usefixtures('restored')
def test_effects_of_an_exception_s_text_are_its_own(site):
    site.install(
        'imbi-plugin-bad',
        files={
            'imbi_plugin_bad.py': 'import os\n'
            'class Odd(Exception):\n'
            '    def __str__(self): os.chdir("/"); return "odd"\n'
            'raise Odd\n'
        },
    )
    site.install('imbi-plugin-good')
    registry = site.registry()
    (refusal,) = registry.current.refusals
    assert [one.code for one in refusal.findings] == ['effect_cwd']
    assert registry.get('good').findings == ()


def test_a_finding_lists_a_few_names_and_says_that_there_are_more():
    variables = {f'IMBI_MADE_UP_{number}': 'x' for number in range(7)}
    before = _effects.capture()
    with pytest.MonkeyPatch.context() as patch:
        for name in variables:
            patch.setenv(name, 'x')
        (finding,) = _effects.difference(before, _effects.capture())
    assert 'IMBI_MADE_UP_4, …)' in finding.message
    assert 'IMBI_MADE_UP_5' not in finding.message


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
