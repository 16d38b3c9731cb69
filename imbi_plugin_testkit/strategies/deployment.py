"""Strategies for repositories, names of refs and inputs of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_testkit.models.deployment import (
    CommitGraph,
    DeploymentLimits,
    GraphCommit,
    GraphTag,
)
from imbi_plugin_testkit.strategies.configuration import values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hypothesis.strategies import DrawFn, SearchStrategy

REF_CHARACTERS = 'abcxyzABCXYZ0189-_.#+%&=@!ü'
"""What a part of a ref's name may hold (git-check-ref-format), and URLs may
not as it is."""

LONGEST_PART = 8
"""Characters of one part of a name, short enough to read in a failure."""

MOST_PARENTS = 2
"""Parents of a commit; git has merges of more, remotes draw them as two."""


def ref_names() -> SearchStrategy[str]:
    """Return names of branches and tags that git takes.

    Of one to three parts between `/`; with characters that mean something in
    a URL (`#`, `%`, `+`, `&`), and none that looks like an object name.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    part = st.text(REF_CHARACTERS, min_size=1, max_size=LONGEST_PART)
    parts = st.lists(part.filter(_is_part), min_size=1, max_size=3)
    return parts.map('/'.join).filter(_is_name)


def _is_part(part: str) -> bool:
    """Return whether git takes a part of a ref's name."""
    return (
        not part.startswith(('.', '-'))
        and not part.endswith(('.', '.lock'))
        and '..' not in part
        and part != '@'
    )


def _is_name(name: str) -> bool:
    """Return whether a name cannot be taken for an object's."""
    return not set(name.lower()) <= set('0123456789abcdef')


def commit_graphs(*, most: int = 8) -> SearchStrategy[CommitGraph]:
    """Return repositories: lines, forks, merges, branches and tags.

    Parents stand before children, every commit has a message of its own,
    branches and tags point anywhere, no two of them have one name, and none
    is a folder of another's, which git does not take.

    Args:
        most: Commits at the most.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    @st.composite
    def build(draw: DrawFn) -> CommitGraph:
        labels = [f'c{n}' for n in range(1, draw(st.integers(1, most)) + 1)]
        commits = tuple(
            GraphCommit(label, _parents(draw, labels[:index]), f'Do {label}')
            for index, label in enumerate(labels)
        )
        names = st.lists(ref_names(), max_size=8, unique_by=str.casefold)
        refs = _apart(draw(names))
        cut = draw(st.integers(0, len(refs)))
        branches, tags = ['trunk', *refs[:cut]], refs[cut:]
        label = st.sampled_from(labels)
        return CommitGraph(
            commits,
            {name: draw(label) for name in branches},
            'trunk',
            tuple(
                GraphTag(name, draw(label), annotated=draw(st.booleans()))
                for name in tags
            ),
        )

    return build()


def _parents(draw: DrawFn, before: list[str]) -> tuple[str, ...]:
    from hypothesis import strategies as st  # noqa: PLC0415

    if not before:
        return ()
    chosen = st.lists(
        st.sampled_from(before), min_size=1, max_size=MOST_PARENTS, unique=True
    )
    return tuple(draw(chosen))


def _apart(names: Iterable[str]) -> list[str]:
    """Leave out the default branch, and names that are folders of others."""
    kept: list[str] = []
    for name in names:
        clash = any(
            f'{name}/'.startswith(f'{other}/')
            or f'{other}/'.startswith(f'{name}/')
            for other in ('trunk', *kept)
        )
        if not clash:
            kept.append(name)
    return kept


def run_inputs(
    limits: DeploymentLimits | None = None,
) -> SearchStrategy[dict[str, str]]:
    """Return inputs of a run: some of its names, to any text.

    Args:
        limits: Which names a run takes, and what a value may be.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    limits = limits or DeploymentLimits()
    text = values(limits)
    return st.fixed_dictionaries(
        {}, optional=dict.fromkeys(limits.inputs, text)
    )
