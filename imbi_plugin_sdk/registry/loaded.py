"""What the registry remembers of one distribution between two loads."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry import _modules, _ownership
from imbi_plugin_sdk.registry._refusals import RESTART, refuse
from imbi_plugin_sdk.registry.admission import Admission

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imbi_plugin_sdk.registry._code import Code
    from imbi_plugin_sdk.registry._freshness import RestartRequired
    from imbi_plugin_sdk.registry.admission import Admitter
    from imbi_plugin_sdk.registry.discovery import DistributionRef
    from imbi_plugin_sdk.registry.snapshot import Refusal


class Loaded(NamedTuple):
    """One distribution whose entry points were admitted or refused.

    Attributes:
        found: What was on disk when its code was loaded.
        code: Its code then.
        admissions: One per entry point, by name.
        stale: Why newer code on disk does not run; empty if it is current.
        newer: Fingerprint of the code on disk, where this one is stale.
        newer_refusals: What became of the newer entry points.
    """

    found: DistributionRef
    code: Code
    admissions: tuple[Admission, ...]
    stale: str = ''
    newer: str = ''
    newer_refusals: tuple[Refusal, ...] = ()

    @property
    def is_serving(self) -> bool:
        """True if at least one entry point was admitted."""
        return any(admission.bindings for admission in self.admissions)

    @property
    def is_refused(self) -> bool:
        """True if at least one entry point was refused."""
        for admission in self.admissions:
            if admission.refusal is not None:
                return True
        return False

    @property
    def is_hung(self) -> bool:
        """True if an import of it was left running."""
        return any(admission.is_hung for admission in self.admissions)

    def is_as(self, other: Loaded) -> bool:
        """Tell whether nothing that a snapshot shows is different.

        Classes are compared by identity: `==` would run their metaclass.
        """
        return (
            self.stale == other.stale
            and self.newer_refusals == other.newer_refusals
            and self.found.problems == other.found.problems
            and self.code.fingerprint == other.code.fingerprint
            and len(self.admissions) == len(other.admissions)
            and all(map(_is_as, self.admissions, other.admissions))
        )

    def as_found(self, found: DistributionRef, code: Code) -> Loaded:
        """Return it as what is on disk, which is the code that runs."""
        return self._replace(
            found=found, code=code, stale='', newer='', newer_refusals=()
        )

    def checked(self, admission: Admission) -> Admission:
        """Return an admission, or its refusal if its code is not this."""
        return _from_here(admission, self.code)

    def has_failed(self, code: Code) -> bool:
        """Tell whether this runs on because this very code failed."""
        return bool(self.newer_refusals) and self.newer == code.fingerprint

    def modules(self) -> list[str]:
        """Return its modules that are loaded now."""
        return _modules.loaded(self.code.modules)


def _is_as(one: Admission, other: Admission) -> bool:
    if one is other:
        return True
    if one.bindings or other.bindings:
        return False
    return one.refusal == other.refusal


def load_all(
    distributions: Iterable[DistributionRef], admitter: Admitter
) -> list[Loaded]:
    """Admit distributions' entry points, and tell which code they are."""
    found = [*distributions]
    # Read before the import: it is that state which is named.
    codes = [_ownership.code_of(one) for one in found]
    admissions = iter(
        admitter.admit_all(
            [(plugin, one) for one in found for plugin in one.plugins()]
        )
    )
    return [
        _loaded(one, code, islice(admissions, len(one.entry_points)))
        for one, code in zip(found, codes, strict=True)
    ]


def _loaded(
    found: DistributionRef, code: Code, admissions: Iterable[Admission]
) -> Loaded:
    if not _ownership.is_as_imported(code):
        # Someone is installing or editing it this very moment: what was
        # imported may be of two versions. The next reload tells.
        code = code.doubted(_moving())
    return Loaded(
        found, code, tuple([_from_here(one, code) for one in admissions])
    )


def held_back(
    found: DistributionRef, code: Code, restart: RestartRequired
) -> Loaded:
    """Refuse every entry point until the process is restarted."""
    problem = Problem(RESTART, '', restart.message, restart.remedy)
    return Loaded(
        found,
        code,
        tuple(
            [
                Admission(plugin, refusal=refuse(plugin, 'import', problem))
                for plugin in found.plugins()
            ]
        ),
    )


def _from_here(admission: Admission, code: Code) -> Admission:
    """Refuse a plugin whose module came from somewhere else.

    Its name would then be that of one version, its code that of another.
    """
    module = admission.plugin.value.partition(':')[0].strip()
    owned = code.modules.get(module)
    if (
        owned is None
        or not admission.bindings
        or _modules.is_from(module, owned.path)
    ):
        return admission
    return Admission(
        admission.plugin,
        refusal=refuse(
            admission.plugin,
            'import',
            Problem(
                'module_elsewhere',
                '',
                f'its module {module} was imported from '
                f'{_modules.origin_of(module) or "nowhere"!r}; the '
                f'distribution has it in {owned.path!r}.',
                'Remove what stands before it on sys.path, or put its '
                'directory there; and exchange no module for another object.',
            ),
            findings=admission.findings,
        ),
    )


def _moving() -> Problem:
    return Problem(
        'changed_while_loading',
        '',
        'its files changed while it was imported, so that nobody can say '
        'which version runs.',
        'Reload once the installation is finished.',
    )
