"""Where distributions come from: this process's path, or what a test gives."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from imbi_plugin_sdk.registry import _faults, _foreign, discovery
from imbi_plugin_sdk.registry._entry_points import Line
from imbi_plugin_sdk.registry._guard import contained
from imbi_plugin_sdk.registry._names import GROUP, SDK, normalized
from imbi_plugin_sdk.registry.discovery import Discovery, DistributionRef


class MadeUp(Protocol):
    """What a test gives for an installed distribution.

    Any object of a test may have these attributes. Entry points have `name`
    and `load()`, and `value` and `group` where they want to; those of another
    group are passed over. An `importlib.metadata.Distribution` has them too;
    being installed, it is read as one on the path is.
    """

    @property
    def name(self) -> str:
        """The name, in any spelling."""
        ...

    @property
    def version(self) -> str:
        """The version."""
        ...

    @property
    def entry_points(self) -> Iterable[Any]:
        """The entry points."""
        ...


Place: TypeAlias = str | os.PathLike[str]
"""A directory or zip file, as in `sys.path`."""

Items: TypeAlias = Place | Iterable[Place | MadeUp]
"""Path entries and made-up distributions; one place may stand alone."""

Source: TypeAlias = Items | Callable[[], Items]
"""Path entries, made-up distributions, or a function that returns them."""


def kept(source: Source | None) -> Source | None:
    """Return a source that can be asked again: a generator cannot be."""
    return source if source is None or callable(source) else _items(source)


def _items(items: Items) -> tuple[Place | MadeUp, ...]:
    return (items,) if isinstance(items, _PLACES) else tuple(items)


def discover(source: Source | None) -> Discovery:
    """Find what a source has; it is asked anew each time.

    The first made-up distribution of a name wins, and each wins over what is
    on the path; one that cannot be read spoils only itself.
    """
    if source is None:
        return discovery.discover()
    items = _items(source() if callable(source) else source)
    found = discovery.discover(
        [item for item in items if isinstance(item, _PLACES)]
    )
    made: dict[str, DistributionRef] = {}
    problems = list(found.problems)
    for item in items:
        if isinstance(item, _PLACES):
            continue
        outcome = contained(functools.partial(_translated, item))
        if outcome.value is not None:
            made.setdefault(outcome.value.name, outcome.value)
        elif outcome.raised is not None:
            problems.append(
                _faults.broken('a distribution of the source', outcome.raised)
            )
    names = {one.name: one for one in found.distributions} | made
    sdk = names.pop(SDK, found.sdk)
    return Discovery(
        tuple(names[name] for name in sorted(names)), tuple(problems), sdk
    )


_PLACES = (str, os.PathLike)


def _translated(made: MadeUp) -> DistributionRef:
    """Read a made-up distribution, or a real one of importlib.metadata."""
    if hasattr(made, 'read_text') and hasattr(made, '_path'):
        return _foreign.translated(made, '', GROUP)
    points = [
        point
        for point in made.entry_points
        if getattr(point, 'group', GROUP) == GROUP
    ]
    return DistributionRef(
        normalized(made.name),
        str(made.version),
        entry_points=tuple(
            Line(str(point.name), str(getattr(point, 'value', '')))
            for point in points
        ),
        text=getattr(made, 'read_text', _no_text),
        loaders=tuple(point.load for point in points),
    )


def _no_text(_: str) -> str | None:
    """Have no metadata files."""
    return None
