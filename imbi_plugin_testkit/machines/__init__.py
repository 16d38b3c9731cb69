'''State machines over a model: sequences of calls that nobody thought of.

A law is one story. A machine tells thousands: it holds a *model* beside the
plugin, its *rules* make the same step on both, and a *script* is a list of
steps as data. Scripts are made up from the run's seed, run one after the
other in the sandbox's event loop, each on tenants of its own, and the first
that fails is reduced to the shortest that still breaks the same law, and
printed as a test to paste. A complete machine, of a plugin that counts::

    from imbi_plugin_testkit.machines import (
        Machine,
        agrees,
        choice,
        earlier,
        number,
        rule,
    )


    class CounterMachine(Machine):
        """Counters by name; `snapshot` gives a token for `restore`."""

        async def start(self):  # once for each script
            self.model = {}  # name to count

        async def stop(self):  # takes away what the script made
            for name in list(self.model):
                await self.attempt('remove', name)

        @rule(name=choice('a', 'b'), by=number(1, 9), weight=3)
        async def add(self, name, by):
            got = await self.call('add', name, by)
            self.model[name] = self.model.get(name, 0) + by
            if got != self.model[name]:
                raise self.diverges(
                    'CNT001',  # the law that is broken, '' if unknown
                    f'add({name!r})',  # what was called
                    f'it is {got}, and must be {self.model[name]}.',
                )

        @rule(gives='token')  # what it returns, a later step may get
        async def snapshot(self):
            return await self.call('snapshot'), dict(self.model)

        @rule(token=earlier('token'))  # drawn once a token is there
        async def restore(self, token):
            held, model = token
            await self.call('restore', held)
            self.model = dict(model)

        async def finish(self):  # holds both together after the last step
            ...

and its check, in a module of that family in `checks.FAMILIES`::

    @check(
        'CNT100',
        title='a random script of calls agrees with the model',
        fix='Find the step that first goes wrong in the script below.',
        law=True,
        machine=True,
        types=('counter',),
        requires=CALLABLE,
    )
    async def scripts_agree(lab):
        """Why it must hold ..."""
        async for finding in agrees(lab, CounterMachine):
            yield finding

Rules of thumb:

- `self.call` reaches the plugin with a fresh handler, a copy of
  `self.context` (a tenant of this script; `self.tenant('other')` is another,
  passed as `ctx=`) and credentials; that it raises is a divergence without a
  law's name. `self.attempt` returns an `Answer`, for calls that may be
  refused. `self.lab` is the lab of a law: limits, `seed`, `eventually`,
  `settle`, `key`.
- Arguments of rules are plain data whose repr is code (labels, numbers, short
  texts), since scripts are printed; make models of the SDK of them inside the
  rule. Draw labels from a pool of three or four, so that steps meet, the
  simplest first.
- Read through `self.lab.eventually(read, holds)`: a backend may lag.
- A rule that reads compares; others need not, for a read in between may hide
  a fault. `check` is called after each step where it must not.
- What the contract leaves open the model leaves open.
- A rule that finds itself impossible raises `Skip`; one that a backend or a
  plugin cannot do at all is declared with `when=lambda lab: ...`.
- Nothing about a script may be random but its drawing: a rule that draws
  random values by itself cannot be reduced.

How many scripts of how many steps: `imbi_plugin_testkit.config.PROFILES`. In
`deep` Hypothesis draws and shrinks them; `scripts` is that strategy.
`replaying` and `assert_agrees` are for tests of authors.
'''

from __future__ import annotations

from imbi_plugin_testkit.machines.arguments import (
    choice,
    choice_of,
    earlier,
    number,
    several,
)
from imbi_plugin_testkit.machines.machine import (
    Divergence,
    Machine,
    Rule,
    Skip,
    rule,
)
from imbi_plugin_testkit.machines.replaying import assert_agrees, replaying
from imbi_plugin_testkit.machines.script import Step, draw_script, scripts
from imbi_plugin_testkit.machines.searching import agrees

__all__ = [
    'Divergence',
    'Machine',
    'Rule',
    'Skip',
    'Step',
    'agrees',
    'assert_agrees',
    'choice',
    'choice_of',
    'draw_script',
    'earlier',
    'number',
    'replaying',
    'rule',
    'scripts',
    'several',
]
