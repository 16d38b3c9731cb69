"""What is wrong with a list of refs, against what was planted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import shown
from imbi_plugin_testkit.comparing import Words, with_values
from imbi_plugin_testkit.laws.deployment._repository import some

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from imbi_plugin_sdk.handlers.deployment import Ref
    from imbi_plugin_testkit.laws.deployment._repository import Repository

    Entry = tuple[str, str]


def entries(refs: Iterable[Ref]) -> list[Entry]:
    """Return kind and name of each ref."""
    return [(ref.kind, ref.name) for ref in refs]


def repeated(refs: Iterable[Ref]) -> set[Entry]:
    """Return what comes more than once."""
    found = entries(refs)
    return {entry for entry in found if found.count(entry) > 1}


def listing_faults(
    repository: Repository, kind: str, refs: Sequence[Ref]
) -> Iterator[str]:
    """Yield what is wrong with one list.

    Only what was planted is judged: a remote may have refs of its own.

    Args:
        repository: The repository.
        kind: Which kind was asked for.
        refs: What came.
    """
    twice = repeated(refs)
    if twice:
        yield with_values(
            f'{some(twice)} came more than once; each comes once.',
            sorted(entries(refs)),
            sorted(set(entries(refs))),
        )
    wanted = _planted(repository, kind)
    got = {entry: ref.sha for entry, ref in zip(entries(refs), refs)}  # noqa: B905  as long by construction
    missing = wanted.keys() - got.keys()
    if missing:
        yield with_values(
            f'{some(missing)} is missing.',
            sorted(got),
            sorted({*got, *wanted}),
        )
    names = {name for _, name in _planted(repository, 'all')}
    odd = {entry for entry in got.keys() - wanted.keys() if entry[1] in names}
    if odd:
        yield with_values(
            f'{some(odd)} does not belong into this list.',
            sorted(got),
            sorted(got.keys() - odd),
        )
    for entry in sorted(wanted.keys() & got.keys()):
        if got[entry] != wanted[entry]:
            yield with_values(
                f'{entry!r} is at {repository.label(got[entry])!r}, and must '
                f'be at {repository.label(wanted[entry])!r}.',
                repository.label(got[entry]),
                repository.label(wanted[entry]),
            )


def _planted(repository: Repository, kind: str) -> dict[Entry, str]:
    """Return kind and name to commit of what one list must have."""
    graph, shas = repository.graph, repository.shas
    found: dict[Entry, str] = {}
    for name, label in graph.branches.items():
        is_default = name == graph.default
        if kind == 'branch' or (kind == 'all' and not is_default):
            found['branch', name] = shas[label]
        if kind in ('default', 'all') and is_default:
            found['default', name] = shas[label]
    if kind in ('tag', 'all'):
        for tag in graph.tags:
            found['tag', tag.name] = shas[tag.commit]
    return found


def default_faults(default: str, refs: Iterable[Ref]) -> Iterator[str]:
    """Yield what is wrong with who is said to be the default."""
    for ref in refs:
        is_default = ref.name == default and ref.kind != 'tag'
        if ref.is_default != is_default:
            yield with_values(
                f'the {ref.kind} {shown(ref.name)} has '
                f'is_default={ref.is_default}; the default branch is '
                f'{default!r}.',
                Words(f'is_default={ref.is_default}'),
                Words(f'is_default={is_default}'),
            )


def union_faults(lists: Mapping[str, Sequence[Ref]]) -> Iterator[str]:
    """Yield where all is not default, branches and tags together."""
    parts = {
        *entries(lists['default']),
        *entries(ref for ref in lists['branch'] if not ref.is_default),
        *entries(lists['tag']),
    }
    whole = set(entries(lists['all']))
    if whole - parts:
        yield with_values(
            f'{some(whole - parts)} is in no other list.',
            sorted(whole),
            sorted(parts),
        )
    if parts - whole:
        yield with_values(
            f'{some(parts - whole)} is in another list and not in this.',
            sorted(whole),
            sorted(parts),
        )


def query_faults(
    query: str, narrowed: Sequence[Ref], everything: Sequence[Ref]
) -> Iterator[str]:
    """Yield where a query does more, or less, than narrow a list."""
    held = {(ref.kind, ref.name, ref.sha) for ref in everything}
    found = {(ref.kind, ref.name, ref.sha) for ref in narrowed}
    if found - held:
        more = some((kind, name) for kind, name, _ in found - held)
        yield with_values(
            f'query={query!r} gives {more}, which is not there without it.',
            sorted(found),
            sorted(found & held),
        )
    lost = {entry for entry in held - found if entry[1] == query}
    if lost:
        gone = some((kind, name) for kind, name, _ in lost)
        yield with_values(
            f'query={query!r} leaves out {gone}, whose whole name it is.',
            sorted(found),
            sorted(found | lost),
        )
