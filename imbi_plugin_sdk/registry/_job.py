"""What runs guarded for one entry point: import, compare, judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.registry import _effects, _entry_points, _loading
from imbi_plugin_sdk.registry import _refusals as refusals
from imbi_plugin_sdk.registry._judgement import Binding, Served, bindings_of
from imbi_plugin_sdk.registry._manifests import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.contract import Contract
    from imbi_plugin_sdk.errors import Problem
    from imbi_plugin_sdk.registry.discovery import EntryPointRef
    from imbi_plugin_sdk.registry.snapshot import Refusal, Stage


class Result(NamedTuple):
    """What a job came to: bindings, or a refusal.

    Attributes:
        bindings: What the entry point offers.
        refusal: Why it offers nothing.
        findings: What importing it did to the process.
    """

    bindings: tuple[Binding, ...]
    refusal: Refusal | None
    findings: tuple[Problem, ...]


class Surroundings:
    """What the jobs of one load have in common.

    Attributes:
        contracts: What the host serves.
        hung: Top-level package to the entry point whose import hangs in it.
        state: The process after the last import; None if it is not known.
    """

    def __init__(self, contracts: Mapping[str, Contract]) -> None:
        self.contracts = Served(contracts)
        self.hung: dict[str, str] = {}
        self.state: _effects.State | None = None


class Job:
    """One entry point.

    Attributes:
        plugin: The entry point.
        stage: How far it came; read from outside if it raises.
    """

    def __init__(
        self, plugin: EntryPointRef, surroundings: Surroundings
    ) -> None:
        self.plugin = plugin
        self.stage: Stage = 'import'
        self._surroundings = surroundings

    @property
    def top(self) -> str:
        """The top-level package whose import lock it needs."""
        target = _entry_points.split(self.plugin.value)
        return target[0].partition('.')[0] if target else ''

    def note_hang(self) -> None:
        """Remember that this one hangs; its effects are not over."""
        self._surroundings.hung[self.top] = self.plugin.name
        self._surroundings.state = None

    def __call__(self) -> Result:
        """Import it, see what that changed, and judge what it gave."""
        around = self._surroundings
        if around.hung and self.top in around.hung:
            problem = refusals.behind(self.top, around.hung[self.top])
            refusal = refusals.refuse(self.plugin, 'import', problem)
            return Result((), refusal, ())
        before = around.state or _effects.capture()
        rejected: Rejected | None = None
        target: object = None
        try:
            target = _loading.load(self.plugin)
        except BaseException as error:  # noqa: BLE001  whatever it raises
            rejected = _loading.rejection(self.plugin, error, around.contracts)
        around.state = _effects.capture()
        effects = _effects.difference(before, around.state)
        if rejected is None:
            self.stage = 'manifest'
            try:
                return Result(
                    bindings_of(target, around.contracts), None, effects
                )
            except Rejected as error:
                rejected = error
        refusal = refusals.refuse(
            self.plugin,
            rejected.stage,
            rejected.problem,
            problems=rejected.problems,
            slug=rejected.slug,
            findings=effects,
        )
        return Result((), refusal, effects)
