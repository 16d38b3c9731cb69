"""Where distributions come from: this process's path, or what a test gives."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from imbi_plugin_sdk.registry import discovery
from imbi_plugin_sdk.registry._entry_points import Line
from imbi_plugin_sdk.registry._names import GROUP, normalized
from imbi_plugin_sdk.registry.discovery import Discovery, DistributionRef


class MadeUp(Protocol):
    """What a test gives for an installed distribution.

    `importlib.metadata.Distribution` has these attributes, and so may any
    object of a test. Entry points have `name` and `load()`, and `value` and
    `group` where they want to; those of another group are passed over.
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

Source: TypeAlias = (
    Iterable[Place | MadeUp] | Callable[[], Iterable[Place | MadeUp]]
)
"""Path entries, made-up distributions, or a function that returns them."""


def discover(source: Source | None) -> Discovery:
    """Find what a source has; it is asked anew each time."""
    if source is None:
        return discovery.discover()
    items = list(source() if callable(source) else source)
    places = [item for item in items if isinstance(item, (str, os.PathLike))]
    found = discovery.discover(places)
    made = {
        one.name: one
        for one in map(
            _translated,
            (
                item
                for item in items
                if not isinstance(item, (str, os.PathLike))
            ),
        )
    }
    if not made:
        return found
    names = {one.name: one for one in found.distributions} | made
    return found._replace(
        distributions=tuple(names[name] for name in sorted(names))
    )


def _translated(made: MadeUp) -> DistributionRef:
    """Read a made-up distribution."""
    points = [
        point
        for point in made.entry_points
        if getattr(point, 'group', GROUP) == GROUP
    ]
    read_text: Any = getattr(made, 'read_text', None)
    return DistributionRef(
        normalized(made.name),
        str(made.version),
        path=str(getattr(made, '_path', '')),
        entry_points=tuple(
            Line(point.name, getattr(point, 'value', '')) for point in points
        ),
        text=_no_text if read_text is None else read_text,
        loaders=tuple(point.load for point in points),
    )


def _no_text(_: str) -> str | None:
    """Have no metadata files."""
    return None
