"""Putting admissions together into one snapshot: slugs and graph labels.

Whoever comes first by (distribution, entry point) stays; the later one is
refused by name. The whole list is gone through each time, so that the result
never depends on what was installed first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry._refusals import refuse
from imbi_plugin_sdk.registry.snapshot import Entry, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imbi_plugin_sdk.registry._judgement import Binding
    from imbi_plugin_sdk.registry.admission import Admission
    from imbi_plugin_sdk.registry.loaded import Loaded


class Assembly(NamedTuple):
    """What all distributions come to together.

    Attributes:
        entries: Slug to entry, in the order of admission.
        refusals: In the same order.
    """

    entries: dict[str, Entry]
    refusals: tuple[Refusal, ...]


def assemble(distributions: Iterable[Loaded]) -> Assembly:
    """Give each slug and each graph label to the first that claims it.

    Args:
        distributions: Sorted by normalised name.
    """
    entries: dict[str, Entry] = {}
    labels: dict[tuple[str, str], Entry] = {}
    refusals: list[Refusal] = []
    for loaded in distributions:
        refusals += _metadata_refusals(loaded)
        for admission in loaded.admissions:
            if admission.refusal is not None:
                refusals.append(admission.refusal)
            for binding in admission.bindings:
                entry = _entry(loaded, admission, binding)
                clash = _slug_clash(entries, entry) or _label_clash(
                    labels, entry
                )
                if clash is not None:
                    refusals.append(_refused(admission, binding, *clash))
                    continue
                entries[entry.slug] = entry
                for label in _labels(entry):
                    labels[label] = entry
        refusals += loaded.newer_refusals
    return Assembly(entries, tuple(refusals))


def _metadata_refusals(loaded: Loaded) -> Iterator[Refusal]:
    """Yield what is wrong with a distribution's own files."""
    for problem in loaded.found.problems:
        if problem.code not in _HARMLESS:
            yield Refusal(
                loaded.found.name,
                loaded.found.version,
                '',
                'metadata',
                problem.code,
                problem.message,
                problem.fix,
            )


_HARMLESS = frozenset({'distribution_duplicate', 'version_unknown'})
"""Faults of metadata that hide no entry point: findings on the entries."""


def _entry(loaded: Loaded, admission: Admission, binding: Binding) -> Entry:
    return Entry(
        protocol=binding.protocol,
        lifted=binding.lifted,
        slug=binding.slug,
        plugin_type=binding.plugin_type,
        handler=binding.handler,
        manifest=binding.manifest,
        contract_version=binding.contract_version,
        distribution=loaded.found.name,
        version=loaded.found.version,
        entry_point=admission.plugin.name,
        path=loaded.found.path,
        editable=loaded.found.editable,
        fingerprint=loaded.code.fingerprint,
        stale=loaded.stale,
        findings=(
            *_harmless(loaded),
            *loaded.code.findings,
            *admission.findings,
            *binding.findings,
        ),
    )


def _harmless(loaded: Loaded) -> tuple[Problem, ...]:
    """Return faults of metadata that hide no entry point."""
    if not loaded.found.problems:
        return ()
    return tuple(
        problem
        for problem in loaded.found.problems
        if problem.code in _HARMLESS
    )


_Clash = tuple[str, Problem]
"""The stage, and what to say."""


def _slug_clash(entries: dict[str, Entry], entry: Entry) -> _Clash | None:
    first = entries.get(entry.slug)
    if first is None:
        return None
    return 'slug', Problem(
        'slug_taken',
        'slug',
        f'the slug {entry.slug!r} belongs to {_owner(first)}, which comes '
        'first by distribution and entry point.',
        'Uninstall one of the two, or give this plugin another slug.',
    )


def _label_clash(
    labels: dict[tuple[str, str], Entry], entry: Entry
) -> _Clash | None:
    for label in _labels(entry):
        first = labels.get(label)
        if first is not None:
            kind, name = label
            return 'labels', Problem(
                'schema_collision',
                f'{kind}_labels',
                f'the {kind} label {name!r} belongs to {_owner(first)}; two '
                'plugins cannot claim one.',
                'Uninstall one of the two, or rename the label.',
            )
    return None


def _labels(entry: Entry) -> list[tuple[str, str]]:
    manifest = entry.manifest
    return [
        *[('vertex', vertex.name) for vertex in manifest.vertex_labels],
        *[('edge', edge.name) for edge in manifest.edge_labels],
    ]


def _owner(entry: Entry) -> str:
    return (
        f'{entry.distribution} {entry.version} ({entry.entry_point})'.replace(
            '  ', ' '
        )
    )


def _refused(
    admission: Admission, binding: Binding, stage: str, problem: Problem
) -> Refusal:
    return refuse(
        admission.plugin,
        'slug' if stage == 'slug' else 'labels',
        problem,
        slug=binding.slug,
        findings=admission.findings,
    )
