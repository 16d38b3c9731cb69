"""The subprocess that imports a stranger's code."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import textwrap
import time
import types
from pathlib import Path

import pytest

from imbi_plugin_testkit import probe as probing
from imbi_plugin_testkit.config import Config

CLASS = 'class Good: pass\n'


@pytest.fixture
def probed(make_distribution):
    """Return a function from a module's source to what the probe saw."""

    def probed(code, *, attribute='Good', config=None, **facts):
        source = textwrap.dedent(code) + '\n' + CLASS
        made = make_distribution(
            files={'good/__init__.py': source, **facts.pop('files', {})},
            entry_points={'good': f'good:{attribute}'},
        )
        subject = made.subject(config, **facts)
        return subject.plugins[0].probe

    return probed


@pytest.fixture
def found_in_the_child(probed):
    """Return a function from an expression to its value in the child."""

    def found(expression, **facts):
        seen = probed(
            'import json, os, sys\n'
            f'raise ValueError("<" + json.dumps({expression}) + ">")',
            **facts,
        )
        return json.loads(seen.error_text.strip('<>'))

    return found


def test_a_good_plugin_is_described(make_distribution):
    seen = make_distribution().subject().plugins[0].probe
    assert seen.imported
    assert seen.stage == 'done'
    assert seen.kind_of_target == 'class'
    assert seen.target_repr == 'GoodPlugin'
    assert seen.effects == ()
    assert seen.manifest['slug'] == 'good'
    assert seen.plugin_type == 'configuration'
    assert 0 < seen.seconds < 2


def test_only_a_few_harmless_variables_reach_the_child(
    found_in_the_child, monkeypatch
):
    monkeypatch.setenv('AWS_SECRET_ACCESS_KEY', 'x')
    monkeypatch.setenv('PYTHONPATH', '/nowhere')
    names = set(found_in_the_child('sorted(os.environ)'))
    assert 'AWS_SECRET_ACCESS_KEY' not in names
    allowed = {'PATH', 'SYSTEMROOT', 'LANG', 'HOME', 'USERPROFILE'}
    assert names <= {*allowed, 'TMPDIR', 'TEMP', 'TMP', 'LC_CTYPE'}


def test_home_and_the_current_directory_are_empty_and_go_away(
    found_in_the_child,
):
    home, listing, cwd = found_in_the_child(
        '[os.environ["HOME"], os.listdir(os.environ["HOME"]), os.getcwd()]'
    )
    assert listing == []
    assert Path(cwd).resolve() == Path(home).resolve()


def test_folders_of_the_project_are_not_importable(
    found_in_the_child, monkeypatch, tmp_path
):
    inside = tmp_path / 'project' / 'src'
    outside = tmp_path / 'elsewhere'
    for folder in (inside, outside):
        folder.mkdir(parents=True)
        monkeypatch.syspath_prepend(str(folder))
    monkeypatch.chdir(tmp_path / 'project')
    path = found_in_the_child(
        f'[p for p in sys.path if p.startswith({str(tmp_path)!r})]'
    )
    assert str(outside) in path
    assert str(inside) not in path


def test_the_terminal_is_out_of_reach(probed):
    seen = probed('input()')
    assert seen.error_type == 'EOFError'


def test_what_a_module_prints_is_not_taken_for_an_answer(probed):
    forged = json.dumps({'stage': 'done', 'kind': 'class', 'effects': []})
    seen = probed(f'print({forged!r}, flush=True)\nraise ValueError')
    assert not seen.imported
    assert seen.error_type == 'ValueError'


def test_closed_descriptors_do_not_silence_the_answer(probed):
    seen = probed('import os\nos.closerange(3, 256)')
    assert seen.imported


def test_a_process_that_the_module_forks_answers_nothing(probed):
    if not hasattr(os, 'fork'):
        pytest.skip('no forks here')
    seen = probed(
        """
        import os
        if os.fork():
            os.wait()
        """
    )
    assert seen.imported
    assert [effect.kind for effect in seen.effects] == ['subprocess']


@pytest.mark.parametrize(
    'code',
    [
        'class M(type):\n'
        '    def __getattribute__(c, n): raise SystemExit\n'
        'class Bad(metaclass=M): pass',
        'class M(type):\n'
        '    def __instancecheck__(c, o): raise KeyboardInterrupt\n'
        'class Bad(metaclass=M): manifest = 1',
        'class Bad:\n    class manifest:\n'
        '        @property\n        def __class__(self): raise SystemExit',
    ],
)
def test_a_hostile_class_is_still_a_class(code, probed):
    seen = probed(code, attribute='Bad')
    assert seen.imported
    assert seen.kind_of_target == 'class'
    assert seen.manifest is None


def test_a_class_that_hangs_when_it_is_looked_at_is_timed_out(probed):
    seen = probed(
        """
        class M(type):
            @property
            def manifest(cls):
                while True: pass
        class Bad(metaclass=M): pass
        """,
        attribute='Bad',
        config=Config(import_deadline=0.5),
    )
    assert seen.timed_out
    assert seen.place == 'good/__init__.py:5'
    assert not seen.imported
    assert seen.stage == 'inspect'


def test_a_message_is_shown_on_one_short_line(probed):
    seen = probed('raise ValueError("a\\n\\x1b[31mb" + "c" * 9_999)')
    assert seen.error_text.startswith('a [31mb')
    assert len(seen.error_text) < 300
    assert seen.error_text.isprintable()


def test_a_message_that_looks_secret_is_not_shown(probed):
    token = 'ghp_' + 'a1B2' * 9
    seen = probed(f'raise ValueError("401 for {token}")\n')
    assert token not in repr(seen)
    assert 'secret' in seen.error_text


def test_the_place_is_the_author_s_innermost_line(probed):
    seen = probed(
        'import good.inner',
        files={'good/inner.py': 'import json\n\njson.loads("{")\n'},
    )
    assert seen.error_type == 'JSONDecodeError'
    assert seen.place == 'good/inner.py:3'


def test_processes_that_a_module_leaves_are_ended(probed):
    if not hasattr(os, 'killpg'):
        pytest.skip('no process groups here')
    seen = probed(
        """
        import subprocess, sys
        child = subprocess.Popen([sys.executable, '-c',
                                  'import time; time.sleep(600)'])
        raise ValueError(child.pid)
        """
    )
    pid = int(seen.error_text)
    for _ in range(200):
        if not _is_alive(pid):
            return
        time.sleep(0.01)
    pytest.fail('the process is still there')


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f'/proc/{pid}/stat')
    return not (state.exists() and ') Z ' in state.read_text())


def test_several_entry_points_share_one_supervisor(
    make_distribution, monkeypatch
):
    started = []
    real = subprocess.Popen

    def popen(command, *arguments, **facts):
        started.append(command)
        return real(command, *arguments, **facts)

    monkeypatch.setattr(probing.subprocess, 'Popen', popen)
    made = make_distribution(
        'many',
        files={'many.py': ''.join(f'class G{n}: pass\n' for n in range(3))},
        entry_points={f'p{n}': f'many:G{n}' for n in range(3)},
    )
    probes = [plugin.probe for plugin in made.subject().plugins]
    assert [probe.target_repr for probe in probes] == ['G0', 'G1', 'G2']
    assert len(started) == 1


def test_one_entry_point_that_hangs_does_not_hide_another(make_distribution):
    made = make_distribution(
        'two',
        files={'hangs.py': 'while True: pass', 'good.py': CLASS},
        entry_points={'hangs': 'hangs:Good', 'works': 'good:Good'},
    )
    subject = made.subject(Config(import_deadline=0.5))
    hangs, works = (plugin.probe for plugin in subject.plugins)
    assert hangs.timed_out
    assert works.imported


def test_a_slow_import_is_measured_again_and_the_faster_one_counts(
    probed, tmp_path
):
    marker = tmp_path / 'seen'
    seen = probed(
        f"""
        import pathlib, time
        marker = pathlib.Path({str(marker)!r})
        if not marker.exists():
            marker.touch()
            time.sleep(0.4)
        """,
        config=Config(import_warning=0.2),
    )
    assert seen.seconds < 0.2


def test_modules_are_counted_by_who_brought_them(probed):
    seen = probed('import xml.dom.minidom, good.a', files={'good/a.py': ''})
    assert seen.modules >= 4
    names = dict(seen.heaviest)
    assert names['its own'] == 2
    assert names['xml'] >= 2


def test_modules_of_the_sdk_are_not_counted(probed):
    parts = 'options, imbi_plugin_sdk.resolution, imbi_plugin_sdk.throttling'
    seen = probed(f'import imbi_plugin_sdk.{parts}')
    assert seen.modules < 10  # of the plugin, and of Python's own


def test_names_that_are_near_are_told(probed):
    seen = probed('', attribute='Goood')
    assert not seen.imported
    assert 'Good' in seen.near


def test_a_start_that_fails_is_the_kit_s_fault(probed, monkeypatch):
    monkeypatch.setattr(probing, '_path', lambda subject: [])
    seen = probed('')
    assert seen.stage == 'kit'
    assert not seen.imported
    assert 'imbi_plugin_sdk' in seen.error_text or 'Module' in seen.error_text


def test_without_forks_the_answers_are_the_same(probed, monkeypatch):
    code = """
        import os, ssl
        os.environ['X'] = '1'
        ssl.match = ssl._create_default_https_context = None
        """
    forked = probed(code)
    monkeypatch.setattr(probing, 'FORK', False)
    spawned = probed(code)
    same = {'seconds': 0.0, 'modules': 0, 'heaviest': ()}
    assert spawned.effects
    assert dataclasses.replace(spawned, **same) == dataclasses.replace(
        forked, **same
    )


def test_a_crash_without_forks_is_told_too(probed, monkeypatch):
    monkeypatch.setattr(probing, 'FORK', False)
    assert probed('import os\nos._exit(7)').exit == 'exit code 7'


def test_the_plugin_s_own_json_does_not_break_the_probe(make_distribution):
    made = make_distribution(
        files={
            'good.py': CLASS,
            'json.py': 'raise SystemExit',
            'imbi_plugin_sdk/__init__.py': 'raise SystemExit',
        },
        entry_points={'good': 'good:Good'},
    )
    assert made.subject().plugins[0].probe.imported


def test_an_editable_distribution_is_probed_from_its_source(
    make_distribution,
):
    made = make_distribution(editable=True)
    seen = made.subject().plugins[0].probe
    assert seen.imported
    assert seen.plugin_type == 'configuration'


@pytest.mark.skipif(sys.platform == 'win32', reason='SIGINT is POSIX')
def test_an_interrupt_while_waiting_ends_the_processes(
    make_distribution, monkeypatch
):
    made = make_distribution(
        files={'good.py': 'while True: pass'},
        entry_points={'good': 'good:Good'},
    )
    plugin = made.subject().plugins[0]
    probing.prefetch(plugin.subject)
    process = probing._RUNS[plugin.subject]._process

    def interrupt(seconds):
        raise KeyboardInterrupt

    clock = types.SimpleNamespace(sleep=interrupt, monotonic=time.monotonic)
    monkeypatch.setattr(probing, 'time', clock)
    with pytest.raises(KeyboardInterrupt):
        _ = plugin.probe
    assert process.poll() is not None
