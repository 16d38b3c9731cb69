"""Machines: how scripts are drawn, run, reduced, printed and replayed."""

from __future__ import annotations

import asyncio
import importlib
import random
import subprocess
import sys
import textwrap
import types
from typing import ClassVar

import hypothesis
import pytest
from law_seeds import MUTANT_SEEDS

from imbi_plugin_testkit import session
from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.config import PROFILES, Config, Profile
from imbi_plugin_testkit.lab import Labs
from imbi_plugin_testkit.laws.configuration_machine import (
    ConfigurationMachine,
)
from imbi_plugin_testkit.machines import (
    Divergence,
    Machine,
    Skip,
    agrees,
    assert_agrees,
    choice,
    choice_of,
    draw_script,
    earlier,
    number,
    replaying,
    rule,
    scripts,
    several,
)
from imbi_plugin_testkit.machines.printing import as_test
from imbi_plugin_testkit.machines.reducing import Reduction
from imbi_plugin_testkit.machines.replaying import _Alone, _lab
from imbi_plugin_testkit.machines.running import execute
from imbi_plugin_testkit.machines.script import Result, Step, without
from imbi_plugin_testkit.machines.searching import Search
from imbi_plugin_testkit.memory import MemoryConfiguration, MemorySandbox
from imbi_plugin_testkit.model import Untestable
from imbi_plugin_testkit.sandbox import UnsupportedBySandbox


class CachesListings(MemoryConfiguration):
    """A cache that a set empties, and a deletion does not."""

    cache: ClassVar[dict[str, list]] = {}

    def where(self, ctx):
        return ctx.assignment_options['endpoint'] + self.prefix(ctx)

    async def list_keys(self, ctx, credentials):
        where = self.where(ctx)
        if where not in self.cache:
            found = await super().list_keys(ctx, credentials)
            self.cache[where] = found
        return list(self.cache[where])

    async def set_value(self, ctx, credentials, key, value):
        self.cache.pop(self.where(ctx), None)
        return await super().set_value(ctx, credentials, key, value)


class Toy(Machine):
    """Counts, with every kind of argument and no plugin behind it."""

    log: ClassVar[list[tuple]] = []
    wrong_at: ClassVar[int] = 0

    async def start(self):
        self.total = 0
        self.log.append(('start', self.name))

    async def stop(self):
        self.log.append(('stop', self.name))

    @rule(by=number(1, 20), weight=3)
    async def add(self, by):
        self.total += by
        if 0 < self.wrong_at <= self.total:
            raise self.diverges('TOY001', 'add(by)', 'it is too much.')
        return self.total

    @rule(words=several(choice('a', 'b', 'c')))
    async def say(self, words):
        self.log.append(('say', tuple(words)))

    @rule(gives='token')
    async def take(self):
        return self.total or None

    @rule(token=earlier('token'))
    async def use(self, token):
        self.log.append(('use', token))

    @rule()
    async def skip(self):
        raise Skip

    @rule(when=lambda lab: lab.limits.page_size > 1_000)
    async def never(self):
        raise AssertionError('its backend has no such pages')

    @rule(size=choice_of(lambda lab: (1, lab.limits.page_size)))
    async def page(self, size):
        self.log.append(('page', size))


@pytest.fixture
def toy(monkeypatch):
    """A machine whose log and threshold are this test's own."""
    monkeypatch.setattr(Toy, 'log', [])
    monkeypatch.setattr(Toy, 'wrong_at', 0)
    return Toy


@pytest.fixture
def with_lab():
    """Return a function that runs a coroutine function of a lab."""

    def run(body, machine=Toy, handler=MemoryConfiguration, seed=0):
        async def main():
            made = MemorySandbox()
            async with _lab(machine, handler, made, seed) as lab:
                return await body(lab)

        return asyncio.run(main())

    return run


def judged(handler, seed=0, profile='ci', **config):
    """Return what CFG100 finds, and the labs."""
    plugin = _Alone(handler)
    plugin.subject.config = Config(profile=profile, **config)
    labs = Labs(seed, factory=lambda _: MemorySandbox())
    try:
        return list(labs.run(plugin, catalogue()['CFG100'])), labs
    finally:
        labs.close()


# Drawing -------------------------------------------------------------------


def test_a_seed_draws_the_same_scripts_again(with_lab, toy):
    async def body(lab):
        drawn = [
            [draw_script(toy, lab, random.Random(seed), 20) for _ in '..']
            for seed in range(30)
        ]
        assert len({repr(one) for one, _ in drawn}) == 30
        return drawn

    for one, other in with_lab(body):
        assert one == other


def test_a_script_uses_only_what_steps_before_it_give(with_lab, toy):
    async def body(lab):
        return [
            draw_script(toy, lab, random.Random(seed), 20)
            for seed in range(100)
        ]

    found = with_lab(body)
    used = 0
    for script in found:
        assert 1 <= len(script) <= 20
        gave = set()
        for step in script:
            for value in step.arguments.values():
                if isinstance(value, Result):
                    used += 1
                    assert value.number in gave
            if step.rule == 'take':
                gave.add(step.number)
    assert used > 50
    rules = {step.rule for script in found for step in script}
    assert rules == {'add', 'say', 'take', 'use', 'skip', 'page'}
    sizes = {
        step.arguments['size']
        for script in found
        for step in script
        if step.rule == 'page'
    }
    assert sizes == {1, 10}


def test_taking_a_step_out_takes_out_what_depends_on_it():
    script = (
        Step(0, 'take', {}),
        Step(1, 'use', {'token': Result(0)}),
        Step(2, 'take', {}),
        Step(3, 'use', {'token': Result(2)}),
    )
    assert without(script, 0, 1) == script[2:]
    assert without(script, 1, 3) == script[:1]
    assert without(script, 3, 4) == script[:3]


def test_arguments_become_simpler_and_end(with_lab):
    async def body(lab):
        assert [*number(1, 9).simpler(9, lab)] == [1, 5, 8]
        assert [*number(1, 9).simpler(2, lab)] == [1]
        assert [*number(1, 9).simpler(1, lab)] == []
        assert [*choice('a', 'b', 'c').simpler('c', lab)] == ['a', 'b']
        lists = [*several(choice('a', 'b')).simpler(['b', 'a'], lab)]
        assert lists == [['a'], ['b'], ['a', 'a']]

    with_lab(body)


# Running -------------------------------------------------------------------


def test_steps_run_with_the_results_of_earlier_ones(with_lab, toy):
    script = (
        Step(0, 'take', {}),
        Step(1, 'use', {'token': Result(0)}),
        Step(2, 'add', {'by': 4}),
        Step(3, 'skip', {}),
        Step(4, 'take', {}),
        Step(5, 'use', {'token': Result(4)}),
    )

    async def body(lab):
        assert await execute(toy, lab, script, 'one') is None
        assert lab.cleanups == []

    with_lab(body)
    # The first token was None, and so is not handed on.
    assert toy.log == [('start', 'one'), ('use', 4), ('stop', 'one')]


def test_a_failure_ends_with_the_step_that_failed(with_lab, toy):
    toy.wrong_at = 5
    script = (
        Step(0, 'skip', {}),
        Step(1, 'add', {'by': 3}),
        Step(2, 'add', {'by': 3}),
        Step(3, 'add', {'by': 3}),
    )

    async def body(lab):
        return await execute(toy, lab, script, 'one')

    failure = with_lab(body)
    assert [step.number for step in failure.script] == [1, 2]
    assert failure.divergence.law == 'TOY001'
    assert str(failure.divergence) == 'TOY001: add(by): it is too much.'
    assert toy.log[-1] == ('stop', 'one')


def test_a_call_that_raises_is_a_divergence_without_a_law(with_lab):
    class Breaks(MemoryConfiguration):
        async def list_keys(self, ctx, credentials):
            raise KeyError('page')

    async def body(lab):
        script = (Step(0, 'list_keys', {}),)
        return await execute(ConfigurationMachine, lab, script, 'one')

    failure = with_lab(body, ConfigurationMachine, Breaks)
    assert failure.divergence.law == ''
    assert 'list_keys raised KeyError' in failure.divergence.message


def test_each_script_has_tenants_of_its_own(with_lab):
    async def body(lab):
        machines = [ConfigurationMachine(lab, f'm{n}') for n in range(1, 12)]
        for machine in machines:
            await machine.start()
        return [
            (store.context.project_slug, store.context.environment)
            for machine in machines
            for store in machine.stores.values()
        ]

    places = with_lab(body, ConfigurationMachine)
    assert len(places) == 33
    assert len(set(places)) == 33


# Reducing ------------------------------------------------------------------


def test_a_script_is_reduced_to_what_it_takes_and_no_more(with_lab, toy):
    toy.wrong_at = 30
    noise = [
        Step(n, rule, arguments)
        for n, (rule, arguments) in enumerate(
            [
                ('add', {'by': 7}),
                ('say', {'words': ['a', 'b']}),
                ('take', {}),
                ('add', {'by': 9}),
                ('use', {'token': Result(2)}),
                ('page', {'size': 10}),
                ('add', {'by': 8}),
                ('add', {'by': 19}),
                ('add', {'by': 20}),
            ]
        )
    ]

    async def body(lab):
        search = Search(toy, lab)
        failure = await search.run(tuple(noise))
        assert len(failure.script) == 8
        reduction = Reduction(failure, toy, lab, search.run)
        await reduction.reduce(10)
        return reduction

    reduction = with_lab(body)
    assert reduction.complete
    assert reduction.stable
    assert {step.rule for step in reduction.best.script} == {'add'}
    # Exactly what it takes: no step and no number could be less.
    assert sum(s.arguments['by'] for s in reduction.best.script) == 30


def test_a_reduction_keeps_to_the_fault_it_began_with(with_lab):
    class TwoFaults(Toy):
        @rule(by=number(1, 20))
        async def add(self, by):
            self.total += by
            if self.total > 12:
                raise self.diverges('TOY002', 'add(by)', 'far too much.')
            if by == 3:
                raise self.diverges('TOY003', 'add(by)', 'three.')

    async def body(lab):
        search = Search(TwoFaults, lab)
        script = tuple(Step(n, 'add', {'by': 7}) for n in range(2))
        failure = await search.run(script)
        reduction = Reduction(failure, TwoFaults, lab, search.run)
        await reduction.reduce(10)
        return reduction.best

    best = with_lab(body, TwoFaults)
    assert best.divergence.law == 'TOY002'


def test_the_time_box_ends_a_candidate_that_hangs(with_lab):
    class Hangs(Toy):
        @rule(by=number(1, 20))
        async def add(self, by):
            self.total += 1
            if self.total == 2:
                raise self.diverges('TOY001', 'add(by)', 'two.')
            if by == 1:
                await asyncio.sleep(3_600)

    async def body(lab):
        search = Search(Hangs, lab)
        script = tuple(Step(n, 'add', {'by': 7}) for n in range(2))
        failure = await search.run(script)
        reduction = Reduction(failure, Hangs, lab, search.run)
        await reduction.reduce(0.2)
        return reduction

    reduction = with_lab(body, Hangs)
    assert not reduction.complete
    assert reduction.stable
    assert len(reduction.best.script) == 2


def test_what_does_not_fail_again_is_told_as_it_was_found(with_lab):
    class Once(Toy):
        failed: ClassVar[list[int]] = []

        @rule()
        async def add(self):
            if not self.failed:
                self.failed.append(1)
                raise self.diverges('TOY001', 'add()', 'once.')

    async def body(lab):
        return [one async for one in agrees(lab, Once, PROFILES['quick'])]

    (finding,) = with_lab(body, Once)
    assert 'did not fail when they were run again' in finding.message


# The whole -----------------------------------------------------------------


def test_each_seed_reduces_a_fault_to_its_three_steps():
    for seed in MUTANT_SEEDS[:5]:
        (finding,), _ = judged(CachesListings, seed)
        assert finding.message.startswith('CFG007: ')
        assert finding.message.endswith('It takes 3 steps.')


def test_hypothesis_finds_and_shrinks_it_in_deep():
    profile = Profile(200, 20, 20.0, 20.0, shrink=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROFILES, 'deep', profile)
        (finding,), _ = judged(CachesListings, profile='deep')
    assert finding.message.startswith('CFG007: ')
    assert finding.message.endswith('It takes 3 steps.')


def test_a_slow_backend_gets_fewer_scripts_and_a_note(monkeypatch):
    profile = Profile(100_000, 10, 0.2, 1.0)
    monkeypatch.setitem(PROFILES, 'quick', profile)
    findings, labs = judged(MemoryConfiguration, profile='quick')
    assert findings == []
    (notes,) = labs.notes.values()
    assert 'of 100000, since 0.2 s were over' in notes[0]


@pytest.mark.parametrize('profile', [None, 'deep'])
def test_the_option_wins_over_the_configuration(
    profile, tmp_path, monkeypatch
):
    (tmp_path / 'pyproject.toml').write_text(
        '[tool.imbi.testkit]\nprofile = "quick"\n'
    )
    given = {'--imbi-plugin-profile': profile}
    config = types.SimpleNamespace(
        rootpath=tmp_path,
        invocation_params=types.SimpleNamespace(dir=tmp_path),
        getoption=lambda name, default=None: given.get(name, default),
    )
    seen = []
    monkeypatch.setattr(
        session.locate,
        'find_subjects',
        lambda **facts: seen.append(facts['config']) or [],
    )
    session.KitSession(config)
    assert [one.profile for one in seen] == [profile or 'quick']


def test_deep_passes_a_right_handler_and_ends_with_its_time(tmp_path):
    profile = Profile(10_000, 10, 0.3, 1.0, shrink=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROFILES, 'deep', profile)
        patch.chdir(tmp_path)
        findings, labs = judged(MemoryConfiguration, profile='deep')
    assert findings == []
    (notes,) = labs.notes.values()
    assert 'of 10000, since 0.3 s were over' in notes[0]
    assert list(tmp_path.iterdir()) == []


def test_a_plugin_that_hangs_is_found_out_in_deep_too():
    class Hangs(MemoryConfiguration):
        async def list_keys(self, ctx, credentials):
            await asyncio.sleep(3_600)

    profile = Profile(50, 10, 1.0, 1.0, shrink=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROFILES, 'deep', profile)
        (finding,), labs = judged(Hangs, profile='deep', timeout=2)
    assert 'list_keys hung' in finding.message
    assert not any(labs.strays.values())


@pytest.mark.parametrize('profile', ['quick', 'deep'])
def test_what_the_sandbox_cannot_do_makes_the_check_untestable(profile):
    class Refuses(MemorySandbox):
        def tenant(self, name):
            raise UnsupportedBySandbox('tenant')

    plugin = _Alone(MemoryConfiguration)
    plugin.subject.config = Config(profile=profile)
    labs = Labs(0, factory=lambda _: Refuses())
    try:
        with pytest.raises(Untestable, match='tenant'):
            list(labs.run(plugin, catalogue()['CFG100']))
    finally:
        labs.close()


def test_a_result_that_is_used_later_has_a_name_in_what_is_printed(with_lab):
    class Uses(Toy):
        @rule(token=earlier('token'))
        async def use(self, token):
            raise self.diverges('TOY001', 'use(token)', 'it is used.')

    script = (
        Step(0, 'take', {}),
        Step(1, 'add', {'by': 4}),
        Step(2, 'take', {}),
        Step(3, 'use', {'token': Result(2)}),
    )

    async def body(lab):
        failure = await execute(Uses, lab, script, 'one')
        return [line.strip() for line in as_test(lab, Uses, failure)]

    lines = with_lab(body, Uses)
    at = lines.index('await machine.take()')
    assert lines[at : at + 4] == [
        'await machine.take()',
        'await machine.add(by=4)',
        'token_1 = await machine.take()',
        'await machine.use(token=token_1)',
    ]


def test_the_printed_test_fails_on_the_mutant_and_not_on_a_right_handler(
    tmp_path, monkeypatch
):
    (tmp_path / 'made_up_plugin.py').write_text(
        textwrap.dedent("""
            from imbi_plugin_testkit.memory import (
                MemoryConfiguration, MemorySandbox
            )

            class Handler(MemoryConfiguration):
                cache = {}

                async def list_keys(self, ctx, credentials):
                    where = self.prefix(ctx)
                    if where not in self.cache:
                        found = await super().list_keys(ctx, credentials)
                        self.cache[where] = found
                    return list(self.cache[where])

                async def set_value(self, ctx, credentials, key, value):
                    self.cache.clear()
                    return await super().set_value(
                        ctx, credentials, key, value
                    )

            def make():
                return MemorySandbox()
        """)
    )
    monkeypatch.syspath_prepend(tmp_path)
    handler = importlib.import_module('made_up_plugin').Handler
    (finding,), _ = judged(handler, sandbox='made_up_plugin:make')
    code = '\n'.join(finding.details)
    assert 'ctx_' in code
    # What is the default need not be written.
    assert 'place=' not in code
    names = {'__name__': 'pasted'}
    # What was called stands below, as a comment and lines to read.
    exec(code.partition('\n# What was called:')[0], names)
    (test,) = [names[name] for name in names if name.startswith('test_')]
    with pytest.raises(Divergence, match='CFG007'):
        test()
    names['Handler'] = MemoryConfiguration
    test()


def test_a_machine_is_driven_by_hand():
    async def main():
        made = MemorySandbox()
        async with replaying(
            ConfigurationMachine, MemoryConfiguration, made
        ) as machine:
            await machine.set_value('a', 'one')
            await machine.set_value('ab', 'two', secret=True)
            await machine.set_two_at_once('a', 'b', 'three')
            await machine.delete('ab')
            await machine.get_some(['a', 'ab'])
            assert len(dict(made.server.items())) == 2
        assert not dict(made.server.items())

    asyncio.run(main())


def test_a_machine_of_ones_own_is_proved_by_one_call():
    class Longer(ConfigurationMachine):
        @rule(weight=2)
        async def list_twice(self):
            await self.list_keys()
            await self.list_keys()

    assert {*ConfigurationMachine.rules} < {*Longer.rules}
    asyncio.run(assert_agrees(Longer, MemoryConfiguration, MemorySandbox))
    with pytest.raises(AssertionError, match='CFG007') as caught:
        asyncio.run(
            assert_agrees(Longer, CachesListings, MemorySandbox, profile='ci')
        )
    assert 'await machine.delete(' in str(caught.value)


def test_what_is_no_sandbox_is_refused_by_name():
    async def main():
        async with replaying(
            ConfigurationMachine, MemoryConfiguration, object()
        ):
            raise AssertionError('it must not get here')

    with pytest.raises(Exception, match=r'object\.context'):
        asyncio.run(main())


def test_hypothesis_draws_scripts_for_tests_of_ones_own(with_lab, toy):
    async def body(lab):
        return hypothesis.find(
            scripts(toy, lab, 10),
            lambda script: any(step.rule == 'use' for step in script),
            settings=hypothesis.settings(database=None, max_examples=100),
            random=random.Random(1),
        )

    found = with_lab(body)
    # Hypothesis does not always find the very shortest.
    assert {'take', 'use'} <= {step.rule for step in found}
    assert len(found) <= 4


def test_a_script_costs_little_and_loads_no_hypothesis():
    code = (
        'import sys, imbi_plugin_testkit.laws.configuration_machine;'
        'sys.exit("hypothesis" in sys.modules)'
    )
    done = subprocess.run([sys.executable, '-c', code], check=False)
    assert done.returncode == 0


def test_the_check_has_the_patience_of_the_profile(monkeypatch):
    seen = {}

    class Slow(MemoryConfiguration):
        async def list_keys(self, ctx, credentials):
            await asyncio.sleep(0.3)
            return await super().list_keys(ctx, credentials)

    for patience in (1.0, 100.0):
        profile = Profile(3, 4, 1.0, 1.0, patience=patience)
        monkeypatch.setitem(PROFILES, 'quick', profile)
        found, _ = judged(Slow, profile='quick', timeout=0.2)
        seen[patience] = [finding.message for finding in found]
    assert 'hung' in seen[1.0][0]
    assert seen[100.0] == []
