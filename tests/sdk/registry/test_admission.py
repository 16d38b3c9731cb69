"""One bad plugin never hides a good one, and every refusal says why."""

from __future__ import annotations

import sys
import threading

import pytest


@pytest.fixture
def refused(site):
    """Return a function that installs files and returns the one refusal."""

    def install(source, *, point='Handler', package='imbi_plugin_bad'):
        files = {f'{package}/__init__.py': source}
        site.install('imbi-plugin-good')
        site.install(
            'imbi-plugin-bad',
            '2.0',
            files=files,
            points={'bad': f'{package}:{point}'},
        )
        registry = site.registry(deadline=0.5)
        assert list(registry.current.entries) == ['good']
        (refusal,) = registry.current.refusals
        assert refusal.distribution == 'imbi-plugin-bad'
        assert refusal.version == '2.0'
        assert refusal.entry_point == 'bad'
        assert refusal.remedy
        return refusal

    return install


def test_a_good_plugin_becomes_an_entry(site):
    info = site.install()
    registry = site.registry()
    entry = registry.get('one')
    assert entry.handler.__name__ == 'Handler'
    assert entry.plugin_type == 'logs'
    assert entry.contract_version == (1, 0)
    assert entry.distribution == 'imbi-plugin-one'
    assert entry.version == '1.0'
    assert entry.path == str(info)
    assert not entry.editable
    assert not entry.stale
    assert entry.findings == ()
    assert len(entry.fingerprint) == 64
    assert registry.current.refusals == ()


RAISES = [
    ('raise SystemExit(3)', 'import_exited'),
    ('raise KeyboardInterrupt', 'import_interrupted'),
    ('raise GeneratorExit', 'import_interrupted'),
    ('import asyncio; raise asyncio.CancelledError', 'import_failed'),
    ('raise ExceptionGroup("two", [ValueError(1)])', 'import_failed'),
    ('raise BaseExceptionGroup("x", [SystemExit(1)])', 'import_failed'),
    ('raise MemoryError', 'import_failed'),
    ('def f(): f()\nf()', 'import_recursion'),
    ('import there_is_no_such_module', 'module_missing'),
    ('from imbi_plugin_sdk.errors import Nothing', 'import_error'),
    ('def f(:', 'import_syntax'),
    ('1/0', 'import_failed'),
    (
        'class E(BaseException):\n'
        '    def __str__(self): raise SystemExit\n'
        '    __repr__ = __str__\n'
        'raise E',
        'import_failed',
    ),
    (
        'import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)',
        'import_failed',
    ),
    (
        'class E(BaseException):\n'
        '    __traceback__ = property(lambda self: 1 / 0)\n'
        'raise E',
        'import_failed',
    ),
    (
        'class E(Exception):\n'
        '    __class__ = property(lambda self: 1 / 0)\n'
        'raise E',
        'import_failed',
    ),
    (
        'from imbi_plugin_sdk.errors import ManifestError\n'
        'class E(Exception):\n'
        '    __class__ = ManifestError\n'
        'raise E',
        'import_failed',
    ),
    (
        'class S(str):\n'
        '    def split(self, *_): raise SystemExit\n'
        'class E(Exception):\n'
        '    def __str__(self): return S("x")\n'
        'raise E',
        'import_failed',
    ),
    (
        'a, b = ValueError(1), ValueError(2)\n'
        'a.__cause__, b.__cause__ = b, a\nraise a',
        'import_failed',
    ),
    (
        'error = ValueError(1)\nerror.__notes__ = [1, None]\nraise error',
        'import_failed',
    ),
    (
        'error = ValueError(1)\n'
        'for _ in range(3000): error = ExceptionGroup("x", [error])\n'
        'raise error',
        'import_failed',
    ),
    ('raise StopIteration', 'import_failed'),
    ('def __getattr__(name): raise SystemExit', 'import_exited'),
    ('import sys; del sys.modules[__name__]', 'import_failed'),
    ('import sys; sys.modules[__name__] = None', 'attribute_missing'),
    ('x = 1\0', 'import_syntax'),
]


@pytest.mark.parametrize(('source', 'code'), RAISES)
def test_whatever_an_import_raises_is_a_refusal(refused, source, code):
    refusal = refused(source)
    assert refusal.stage == 'import'
    assert refusal.code == code


def test_the_refusal_says_where_it_raised(refused):
    refusal = refused('x = 1\ny = x / 0\n')
    assert 'ZeroDivisionError' in refusal.message
    assert '__init__.py:2' in refusal.message


def test_a_text_that_may_hold_a_secret_is_not_shown(refused):
    value = 'hunter2' * 2
    refusal = refused(f'raise ValueError("postgres://u:{value}@db/x")')
    assert value not in str(refusal)


def test_a_text_does_nothing_to_the_terminal_that_shows_it(refused):
    refusal = refused(r'raise ValueError("\x1b[2J \u202e \ud800 ä")')
    assert r'\x1b[2J \u202e \ud800 ä' in refusal.message
    assert str(refusal).isprintable()


def test_a_refusal_says_where_the_distribution_lies(refused, site):
    refusal = refused('1/0')
    assert refusal.path == str(site.path / 'imbi_plugin_bad-2.0.dist-info')


def test_a_missing_attribute_gets_a_did_you_mean(refused):
    refusal = refused('class Handler: pass', point='Handlr')
    assert refusal.code == 'attribute_missing'
    assert "Did you mean 'Handler'?" in refusal.message


def test_an_import_that_hangs_is_left_behind(refused):
    refusal = refused(
        'import threading\nthreading.Event().wait(30)', package='stuck'
    )
    assert refusal.code == 'import_hung'
    assert '0.5 seconds' in refusal.message


def test_a_hang_does_not_cost_its_siblings_another_deadline(site):
    site.install(
        files={
            'stuck_too/__init__.py': (
                'import threading\nthreading.Event().wait(30)'
            )
        },
        points={
            'a': 'stuck_too:A',
            'b': 'stuck_too.sub:B',
        },
    )
    refusals = site.registry(deadline=0.3).current.refusals
    assert [refusal.code for refusal in refusals] == [
        'import_hung',
        'import_behind_hung',
    ]


HOSTILE = [
    'class Meta(type):\n'
    '    def __getattribute__(cls, name): raise SystemExit(name)\n'
    'class Handler(metaclass=Meta): pass\n',
    'class Meta(type):\n'
    '    def __getattr__(cls, name): raise RuntimeError(name)\n'
    '    def __eq__(cls, other): raise RuntimeError\n'
    '    def __hash__(cls): raise RuntimeError\n'
    'class Handler(metaclass=Meta): pass\n',
    'class Bad:\n'
    '    def __get__(self, *_): raise KeyboardInterrupt\n'
    'class Handler:\n    manifest = Bad()\n',
    'class Lies:\n'
    '    @property\n'
    '    def __class__(self): raise SystemExit\n'
    'Handler = Lies()\n',
]


@pytest.mark.parametrize('source', HOSTILE)
def test_hostile_objects_are_refused_and_contained(refused, source):
    assert refused(source).stage in {'manifest', 'import'}


def test_a_metaclass_that_hangs_when_looked_at_is_left_behind(refused):
    refusal = refused(
        'import threading\n'
        'class Meta(type):\n'
        '    def __getattribute__(cls, name):\n'
        '        threading.Event().wait(30)\n'
        'class Handler(metaclass=Meta): pass\n',
        package='stuck_meta',
    )
    assert refusal.code == 'import_hung'


def test_an_import_that_ends_after_all_puts_nothing_back(
    site, monkeypatch, tmp_path
):
    """What the host took off its path since then stays off."""
    event = threading.Event()
    monkeypatch.setattr(sys, 'imbi_event', event, raising=False)
    site.install(
        files={
            'imbi_plugin_one/__init__.py': 'import sys; sys.imbi_event.wait()'
        }
    )
    taken_off = str(tmp_path / 'taken-off')
    monkeypatch.setattr(sys, 'path', [*sys.path, taken_off])
    before = {*threading.enumerate()}

    (refusal,) = site.registry(deadline=0.2).current.refusals
    sys.path.remove(taken_off)
    (hanging,) = {*threading.enumerate()} - before
    event.set()
    hanging.join(10)

    assert refusal.code == 'import_hung'
    assert not hanging.is_alive()
    assert taken_off not in sys.path
