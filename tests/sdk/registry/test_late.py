"""What is worked out only when somebody asks, and says what was then."""

import dataclasses
import re
import sys
import threading

import pytest

from imbi_plugin_sdk.registry import _code, _effects, _entry_points, _names
from imbi_plugin_sdk.registry.snapshot import Snapshot


@pytest.fixture
def digests(monkeypatch):
    """Return a list that grows with each fingerprint that is made."""
    made = []
    digest = _code._digest

    def counted(basis):
        made.append(basis)
        return digest(basis)

    monkeypatch.setattr(_code, '_digest', counted)
    return made


@pytest.fixture
def other(tmp_path, monkeypatch, site):
    """Return a function that gives the fingerprint of the same elsewhere."""
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.mkdir()

    def fingerprint(**wheel):
        with monkeypatch.context() as patch:
            patch.syspath_prepend(str(elsewhere))
            kept = sys.modules.pop('imbi_plugin_one', None)
            there = type(site)(elsewhere)
            there.install(**wheel)
            found = there.registry().get('one').fingerprint
            del sys.modules['imbi_plugin_one']
            if kept is not None:
                sys.modules['imbi_plugin_one'] = kept
        return found

    return fingerprint


def test_no_load_and_no_quiet_reload_makes_a_fingerprint(site, digests):
    site.install()
    registry = site.registry()
    assert not registry.reload().changed
    assert digests == []
    first = registry.get('one').fingerprint
    assert registry.fingerprint == registry.fingerprint
    assert registry.get('one').fingerprint == first
    assert registry.report()['plugins'][0]['fingerprint'] == first
    assert len(digests) == 1


def test_what_was_read_is_kept_until_the_fingerprint_is_made(site):
    site.install()
    registry = site.registry()
    entry = registry.get('one')
    code = entry._code
    assert code._basis is not None
    assert code.fingerprint == entry.fingerprint
    assert code._basis is None


def test_a_fingerprint_asked_late_is_of_what_was_imported(site, other):
    site.install()
    entry = site.registry().get('one')
    site.install(version='2.0')
    assert entry.handler.version == '1.0'
    assert entry.fingerprint == other()
    assert len(entry.fingerprint) == 64


def test_it_is_asked_after_everything_is_gone_from_disk(site, other):
    site.install()
    registry = site.registry()
    snapshot, entry = registry.current, registry.get('one')
    site.uninstall('imbi-plugin-one')
    registry.reload()
    assert entry.fingerprint == other()
    assert snapshot.fingerprint != registry.fingerprint


def test_a_stale_entry_asked_late_tells_the_code_that_runs(site, other):
    site.install()
    registry = site.registry()
    site.install(version='2.0', files={'imbi_plugin_one/__init__.py': '1/0'})
    assert registry.reload().stale == ('imbi-plugin-one',)
    assert registry.get('one').fingerprint == other()


def test_a_file_that_was_not_as_recorded_is_told_as_it_was_imported(site):
    """The edit came before the import; what came after it counts nothing."""
    site.install()
    file = site.path / 'imbi_plugin_one' / '__init__.py'
    file.write_text(site.plugin('one', 'edited'))
    asked = site.registry().get('one')
    at_once = asked.fingerprint
    del sys.modules['imbi_plugin_one']
    late = site.registry().get('one')
    file.write_text(site.plugin('one', 'edited again'))
    assert late.handler.version == 'edited'
    assert late.fingerprint == at_once
    del sys.modules['imbi_plugin_one']
    assert site.registry().get('one').fingerprint != at_once


def test_an_edit_after_the_load_is_not_in_its_fingerprint(site, other):
    site.install()
    entry = site.registry().get('one')
    file = site.path / 'imbi_plugin_one' / '__init__.py'
    file.write_text(site.plugin('one', 'edited'))
    assert entry.fingerprint == other()


def test_modules_without_record_are_digested_at_once(site, other):
    site.install(record=False)
    entry = site.registry().get('one')
    file = site.path / 'imbi_plugin_one' / '__init__.py'
    file.write_text(site.plugin('one', 'edited'))
    assert entry.fingerprint == other(record=False)


def test_many_threads_that_ask_at_once_get_the_same(site):
    site.install()
    entry = site.registry().get('one')
    start, seen = threading.Barrier(8), []

    def ask():
        start.wait()
        seen.append(entry.fingerprint)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert set(seen) == {entry.fingerprint}
    assert '' not in seen


def test_entries_and_snapshots_stay_frozen_dataclasses(site):
    site.install()
    registry = site.registry()
    entry = registry.get('one')
    for frozen in (entry, registry.current):
        with pytest.raises(dataclasses.FrozenInstanceError):
            frozen.fingerprint = 'x'
        with pytest.raises(AttributeError):
            _ = frozen.no_such_attribute
    changed = dataclasses.replace(entry, stale='why')
    assert changed.fingerprint == entry.fingerprint
    assert changed.stale == 'why'
    assert Snapshot(1, {}, (), (), 'given').fingerprint == 'given'


# --- what is compared quickly -------------------------------------------


@pytest.mark.parametrize(
    'text',
    [
        '[imbi.plugins]\none = one:Plugin\n',
        '[imbi.plugins]\none = one:Plugin',
        '[imbi.plugins]\none = one:Plugin\n\n\n',
        '[imbi.plugins]\none-2.x = a.b_c:D.e\n',
        '[imbi.plugins]\none = a.b\n',
        '[imbi.plugins]\r\none = one:Plugin\r\n',
        '[imbi.plugins]\none=one:Plugin\n',
        '[imbi.plugins]\n one = one:Plugin\n',
        '[imbi.plugins]\none = one:Plugin [extra]\n',
        '[imbi.plugins]\none = one:Plugin\ntwo = two:Plugin\n',
        '[imbi.plugins]\n# one = one:Plugin\n',
        '[imbi.plugins]\none = one:Plugin\x0b\n',
        '[imbi.plugins]\nöne = one:Plugin\n',
        '[imbi.plugins]\none = one:Plügin\n',
        '[imbi.plugins]\none one:Plugin\n',
        '[imbi-plugins]\none = one:Plugin\n',
        '[imbi.plugins]x\none = one:Plugin\n',
        '\ufeff[imbi.plugins]\none = one:Plugin\n',
        '[imbi.plugins]\none = one:Plugin\n[other]\ntwo = b:C\n',
    ],
)
def test_a_file_of_one_line_is_read_as_line_by_line(text):
    quick = _entry_points.parse(text.encode())
    assert quick == _entry_points._sections(text, 'imbi.plugins')


@pytest.mark.parametrize(
    'name', ['a', 'A_b', 'a__b', '_a', 'a_', 'a.b', 'a-_b', 'É_É', '1_a', '']
)
def test_a_name_is_spelt_as_the_simple_index_does(name):
    spelt = re.sub(r'[-_.]+', '-', name).lower()
    assert _names.normalized(name) == spelt


@pytest.fixture
def lists(monkeypatch):
    """Let a test change the import system's lists."""
    for name in ('path', 'meta_path', 'path_hooks'):
        monkeypatch.setattr(sys, name, [*getattr(sys, name)])


@pytest.mark.usefixtures('lists')
def test_what_moves_to_the_next_list_is_seen():
    finder = object()
    sys.meta_path.append(finder)
    watch = _effects.Watch()
    sys.path_hooks.insert(0, sys.meta_path.pop())
    assert [one.code for one in watch.changes()] == ['effect_import_system']
    assert watch.changes() == ()


@pytest.mark.usefixtures('lists')
def test_a_change_is_told_once_and_the_next_one_too():
    watch = _effects.Watch()
    assert watch.changes() == ()
    for place in ('/nowhere', '/elsewhere'):
        sys.path.append(place)
        assert [one.code for one in watch.changes()] == ['effect_sys_path']
        assert watch.changes() == ()


@pytest.mark.usefixtures('lists')
def test_something_that_cannot_be_compared_is_still_found():
    class Hostile:
        def __eq__(self, other):
            raise SystemExit

        __hash__ = None

    sys.path_hooks.append(Hostile())
    watch = _effects.Watch()
    sys.path_hooks[-1] = Hostile()
    assert [one.code for one in watch.changes()] == ['effect_import_system']


def test_a_renamed_variable_is_seen(monkeypatch):
    monkeypatch.setenv('IMBI_MADE_UP', 'x')
    watch = _effects.Watch()
    monkeypatch.setenv('IMBI_OTHER', 'x')
    monkeypatch.delenv('IMBI_MADE_UP')
    (finding,) = watch.changes()
    assert finding.code == 'effect_environment'
    assert 'IMBI_MADE_UP, IMBI_OTHER' in finding.message
