"""What runs guarded for one entry point: import, compare, judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.registry import _effects, _guard, _loading
from imbi_plugin_sdk.registry import _refusals as refusals
from imbi_plugin_sdk.registry._judgement import Binding, Served, bindings_of
from imbi_plugin_sdk.registry._manifests import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.contract import Contract
    from imbi_plugin_sdk.errors import Problem
    from imbi_plugin_sdk.registry.adapters import Adapter
    from imbi_plugin_sdk.registry.discovery import EntryPointRef
    from imbi_plugin_sdk.registry.snapshot import Refusal, Stage


class Admission(NamedTuple):
    """What came of one entry point: bindings, or a refusal.

    Attributes:
        plugin: The entry point.
        bindings: What it offers; empty if it is refused.
        refusal: Why it is refused.
        findings: What keeps nobody from using it, what importing it did to
            the process among it.
    """

    plugin: EntryPointRef
    bindings: tuple[Binding, ...] = ()
    refusal: Refusal | None = None
    findings: tuple[Problem, ...] = ()

    @property
    def is_hung(self) -> bool:
        """True if its import was left running."""
        return self.refusal is not None and self.refusal.code == refusals.HUNG


class Surroundings:
    """What the jobs of one load have in common.

    Attributes:
        contracts: What the host serves.
        hung: Top-level package to the entry point whose import hangs in it.
        watch: Knows the process after the last import; None if nobody does.
    """

    def __init__(
        self,
        contracts: Mapping[str, Contract],
        adapters: Mapping[tuple[str, int], Adapter],
    ) -> None:
        self.contracts = Served(contracts, adapters)
        self.hung: dict[str, str] = {}
        self.watch: _effects.Watch | None = None


class Job:
    """One entry point.

    Attributes:
        plugin: The entry point.
        target: Module and attribute that it names; empty if a made-up
            source loads it.
        stage: How far it came; read from outside if it raises.
    """

    __slots__ = ('_surroundings', 'plugin', 'stage', 'target')

    def __init__(
        self,
        plugin: EntryPointRef,
        target: tuple[str, str],
        surroundings: Surroundings,
    ) -> None:
        self.plugin = plugin
        self.target = target
        self.stage: Stage = 'import'
        self._surroundings = surroundings

    @property
    def top(self) -> str:
        """The top-level package whose import lock it needs."""
        return self.target[0].partition('.')[0]

    def note_hang(self) -> None:
        """Remember that this one hangs; its effects are not over."""
        self._surroundings.hung[self.top] = self.plugin.name
        self._surroundings.watch = None

    def __call__(self) -> Admission:
        """Import it, see what that changed, and judge what it gave."""
        around = self._surroundings
        if around.hung and self.top in around.hung:
            problem = refusals.behind(self.top, around.hung[self.top])
            refusal = refusals.refuse(self.plugin, 'import', problem)
            return Admission(self.plugin, refusal=refusal)
        watch = around.watch
        if watch is None:
            watch = around.watch = _effects.Watch()
        bindings, error = self._judged()
        if around.watch is not watch:
            # It was left behind as hanging: nobody hears of it any more, and
            # what the host changed meanwhile is not to be put back.
            return Admission(self.plugin)
        # Judging runs a stranger's metaclass and descriptors: the effects
        # are those of both. What they took away is back by now, so that the
        # exception can be read, which runs a stranger's code once more.
        effects = watch.changes()
        if error is None:
            return Admission(self.plugin, bindings, None, effects)
        rejected = self._rejection(error)
        effects += watch.changes()
        refusal = refusals.refuse(
            self.plugin,
            rejected.stage,
            rejected.problem,
            problems=rejected.problems,
            slug=rejected.slug,
            findings=effects,
        )
        return Admission(self.plugin, refusal=refusal)

    def _judged(self) -> tuple[tuple[Binding, ...], BaseException | None]:
        """Import it, and return what it binds, or what was raised."""
        try:
            target = _loading.load(self.plugin, self.target)
            self.stage = 'manifest'
            return bindings_of(target, self._surroundings.contracts), None
        except BaseException as error:  # noqa: BLE001  whatever it raises
            return (), error

    def _rejection(self, error: BaseException) -> Rejected:
        """Say what was raised, by the import or by looking at its target.

        Its own type is asked: `__class__` may say anything.
        """
        if self.stage == 'import':
            contracts = self._surroundings.contracts
            return _loading.rejection(self.plugin, error, contracts)
        if type(error) is Rejected:
            return error
        raised = _guard.describe(error)
        return Rejected(self.stage, refusals.uninspectable(raised))
