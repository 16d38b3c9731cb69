"""Putting admissions together into one snapshot: slugs and graph labels.

Whoever comes first by (distribution, entry point) stays; the later one is
refused by name. The whole list is gone through each time, so that the result
never depends on what was installed first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry._refusals import refuse
from imbi_plugin_sdk.registry.snapshot import Entry, Refusal, entry_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imbi_plugin_sdk.manifest import PluginManifest
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
    labels: dict[_Label, Entry] = {}
    refusals: list[Refusal] = []
    for loaded in distributions:
        if loaded.found.problems:
            refusals += _metadata_refusals(loaded)
        for admission in loaded.admissions:
            if admission.refusal is not None:
                refusals.append(admission.refusal)
            for binding in admission.bindings:
                claimed = _labels(binding.manifest)
                clash = _clash(entries, labels, binding.slug, claimed)
                if clash is not None:
                    refusals.append(_refused(admission, binding, *clash))
                    continue
                entry = _entry(loaded, admission, binding)
                entries[binding.slug] = entry
                for label in claimed:
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
                path=loaded.found.path,
            )


_HARMLESS = frozenset({'distribution_duplicate', 'version_unknown'})
"""Faults of metadata that hide no entry point: findings on the entries."""


def _entry(loaded: Loaded, admission: Admission, binding: Binding) -> Entry:
    found, code = loaded.found, loaded.code
    return entry_of(
        binding.slug,
        binding.plugin_type,
        binding.handler,
        binding.manifest,
        binding.contract_version,
        found.name,
        found.version,
        admission.plugin.name,
        found.path,
        found.editable,
        loaded.stale,
        _harmless(found.problems)
        + code.findings
        + admission.findings
        + binding.findings,
        binding.protocol,
        binding.lifted,
        code,
    )


def _harmless(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return faults of metadata that hide no entry point."""
    return problems and tuple(
        [problem for problem in problems if problem.code in _HARMLESS]
    )


_Clash = tuple[str, Problem]
"""The stage, and what to say."""

_Label = tuple[str, str]
"""`vertex` or `edge`, and the label."""


def _clash(
    entries: dict[str, Entry],
    labels: dict[_Label, Entry],
    slug: str,
    claimed: tuple[_Label, ...],
) -> _Clash | None:
    """Return what somebody else has claimed before."""
    first = entries.get(slug)
    if first is not None:
        return 'slug', Problem(
            'slug_taken',
            'slug',
            f'the slug {slug!r} belongs to {_owner(first)}, which comes '
            'first by distribution and entry point.',
            'Uninstall one of the two, or give this plugin another slug.',
        )
    for label in claimed:
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


def _labels(manifest: PluginManifest) -> tuple[_Label, ...]:
    """Return the graph labels that a plugin claims; nearly all claim none."""
    vertices, edges = manifest.vertex_labels, manifest.edge_labels
    if not vertices and not edges:
        return ()
    return (
        *[('vertex', vertex.name) for vertex in vertices],
        *[('edge', edge.name) for edge in edges],
    )


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
