"""From an entry point to a plugin, or to the reason why not.

The host's gates first, a rehearsal in another process if the host has one,
then import and judgement in a guarded thread, one entry point after the
other. One bad plugin never hides a good one, and nothing that a plugin raises
gets out.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from imbi_plugin_sdk.registry import _entry_points, _guard, _refusals
from imbi_plugin_sdk.registry._job import Admission, Job, Surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imbi_plugin_sdk.registry._guard import Guard, Outcome
    from imbi_plugin_sdk.registry._judgement import Binding
    from imbi_plugin_sdk.registry.discovery import (
        DistributionRef,
        EntryPointRef,
    )
    from imbi_plugin_sdk.registry.loaded import Loaded
    from imbi_plugin_sdk.registry.policy import Policy
    from imbi_plugin_sdk.registry.snapshot import Refusal


__all__ = ['Admission', 'Admitter']

_FINAL = frozenset(
    {
        _refusals.HUNG,
        _refusals.BEHIND_HUNG,
        _refusals.REHEARSAL_HUNG,
        _refusals.RESTART,
    }
)
"""Refusals that only a change of the plugin lifts, or a restart of the
process; another try could take as long as the first."""

_RETRIED = frozenset({'blocked', 'catalog', 'import'})
"""Stages whose refusals can lift without the plugin changing."""


class Admitter:
    """Admits the entry points of one load.

    Attributes:
        policy: What the host decides.
        guard: Where strangers' code runs.
        sdk: Version of this SDK, for what a plugin requires of it.
    """

    def __init__(self, policy: Policy, guard: Guard, sdk: str) -> None:
        self.policy = policy
        self.guard = guard
        self.sdk = sdk
        self._around = Surroundings(policy.contracts, policy.adapters)

    def admit_all(
        self, plugins: Sequence[tuple[EntryPointRef, DistributionRef]]
    ) -> list[Admission]:
        """Take entry points through every stage, in the order given.

        Returns:
            One admission each, in the same order.
        """
        started = [self._before_import(plugin) for plugin, _ in plugins]
        jobs = [one for one in started if isinstance(one, Job)]
        try:
            outcomes = self.guard.run_all(
                jobs, lambda index: jobs[index].note_hang()
            )
        finally:
            # The next load looks anew, and what runs on looks no more.
            self._around.watch = None
        judged = zip(jobs, outcomes, strict=True)
        return [
            self._after_import(*next(judged), found)
            if isinstance(one, Job)
            else Admission(plugin, refusal=one)
            for (plugin, found), one in zip(plugins, started, strict=True)
        ]

    def _before_import(self, plugin: EntryPointRef) -> Job | Refusal:
        """Ask everything that can be asked without importing."""
        refusal: Refusal | None = None
        if self.policy.gates:
            refusal = _refusals.gate_refusal(self.policy, plugin, None)
        if refusal is not None:
            return refusal
        target = _entry_points.split(plugin.value)
        if target is None and plugin.load is None:
            problem = _refusals.bad_value(plugin)
            return _refusals.refuse(plugin, 'metadata', problem)
        refusal = _refusals.preflight_refusal(self.policy, plugin)
        if refusal is not None:
            return refusal
        return Job(plugin, target or ('', ''), self._around)

    def _after_import(
        self, job: Job, outcome: Outcome[Admission], found: DistributionRef
    ) -> Admission:
        """Return what a job came to."""
        plugin, admission = job.plugin, outcome.value
        if admission is None:
            problem = (
                _refusals.uninspectable(outcome.raised)
                if outcome.raised
                else _refusals.hanging(plugin, self.guard.deadline)
            )
            return Admission(
                plugin, refusal=_refusals.refuse(plugin, job.stage, problem)
            )
        if admission.refusal is not None:
            return Admission(
                plugin, refusal=self._explained(job, admission.refusal, found)
            )
        if self.policy.gates:
            refusal = self._gated(plugin, admission.bindings)
            if refusal is not None:
                return Admission(plugin, refusal=refusal)
        slug = admission.bindings[0].slug
        if slug == plugin.name or len(admission.bindings) > 1:
            return admission
        return admission._replace(
            findings=(*admission.findings, _refusals.misnamed(plugin, slug))
        )

    def _explained(
        self, job: Job, refusal: Refusal, found: DistributionRef
    ) -> Refusal:
        """Return a failed import as the wrong SDK's doing, if it is that."""
        if job.stage != 'import' or refusal.stage == 'api_version':
            return refusal
        # It imports a library, which the plugin may have made impossible.
        unmet = _guard.contained(
            lambda: _refusals.unmet_requirement(found, self.sdk)
        ).value
        if unmet is None:
            return refusal
        return _refusals.refuse(
            job.plugin, 'api_version', unmet, findings=refusal.findings
        )

    def _gated(
        self, plugin: EntryPointRef, bindings: tuple[Binding, ...]
    ) -> Refusal | None:
        """Ask the gates again, now that the slugs are known."""
        if not self.policy.gates:
            return None
        for binding in bindings:
            refusal = _refusals.gate_refusal(self.policy, plugin, binding.slug)
            if refusal is not None:
                return refusal
        return None

    def again(self, loaded: Loaded) -> Loaded:
        """Ask an unchanged distribution again what may have changed.

        Gates may have new lines; an import that failed may find by now what
        it lacked. What hangs is left alone.

        Returns:
            `loaded` itself if everything is as it was.
        """
        if not self.policy.gates and not loaded.is_refused:
            return loaded
        admissions = tuple(
            [
                self._once_more(admission, loaded)
                for admission in loaded.admissions
            ]
        )
        if all(map(operator.is_, admissions, loaded.admissions)):
            return loaded
        return loaded._replace(admissions=admissions)

    def _once_more(self, admission: Admission, loaded: Loaded) -> Admission:
        plugin, refusal = admission.plugin, admission.refusal
        if refusal is None:
            closed = self._gated(plugin, admission.bindings)
            return Admission(plugin, refusal=closed) if closed else admission
        if (
            loaded.stale
            or refusal.code in _FINAL
            or refusal.stage not in _RETRIED
        ):
            return admission
        again = loaded.checked(*self.admit_all([(plugin, loaded.found)]))
        return admission if again.refusal == refusal else again
