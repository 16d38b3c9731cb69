"""What the sanitizer, the raster check and the loader give back."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from imbi_plugin_sdk.errors import Problem

Grade: TypeAlias = Literal['active', 'visual', 'inert']
"""How much a removal matters: it ran or fetched, it showed, or neither."""

ViewBox: TypeAlias = tuple[float, float, float, float]
"""Left, top, width and height of the picture in user units."""


class IconLike(Protocol):
    """Anything that names an icon, as `manifest.PluginIcon` does.

    Attributes:
        package: The importable package that the file lies in.
        resource: The file's path below the package, with `/`.
        media_type: What the author says the file is.
    """

    @property
    def package(self) -> str:
        """The importable package that the file lies in."""
        ...

    @property
    def resource(self) -> str:
        """The file's path below the package, with `/`."""
        ...

    @property
    def media_type(self) -> str:
        """What the author says the file is."""
        ...


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Removal:
    """One thing of the input that is not in the output.

    Attributes:
        line: Line of the input, from 1; 0 where there are no lines.
        column: Character in that line, from 1; 0 where there are no lines.
        what: What was taken out, as in `<script>` or `onload`.
        why: The rule that took it out, as a sentence without a full stop.
        grade: `active` for what could run, fetch or navigate; `visual` for
            what could have been seen; `inert` for what could do neither.
    """

    line: int
    column: int
    what: str
    why: str
    grade: Grade

    def __str__(self) -> str:
        """Return `3:7 <script>: scripts run (active)`; a raster has no 3:7."""
        place = f'{self.line}:{self.column} ' if self.line else ''
        return f'{place}{self.what}: {self.why} ({self.grade})'


@dataclasses.dataclass(frozen=True, slots=True)
class SanitizedSvg:
    """A rebuilt SVG document that is safe in every embedding.

    Attributes:
        data: The document: UTF-8 without a byte order mark, XML declaration,
            comments or style sheet; at most 65,536 bytes.
        media_type: Always `image/svg+xml`.
        sha256: Digest of `data`, in lower-case hexadecimal.
        width: Width that the picture asks for, in CSS pixels.
        height: Height that the picture asks for, in CSS pixels.
        view_box: The coordinate system of the picture.
        removals: What was taken out, in the order of the input.
    """

    data: bytes
    media_type: str
    sha256: str
    width: float
    height: float
    view_box: ViewBox
    removals: tuple[Removal, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class CleanRaster:
    """A rebuilt raster image: the pixels and nothing beside them.

    Attributes:
        data: The image.
        media_type: `image/png`, `image/webp` or `image/jpeg`.
        sha256: Digest of `data`, in lower-case hexadecimal.
        width: Width in pixels, 1 to 4,096.
        height: Height in pixels, 1 to 4,096.
        removals: What was taken out, with line and column 0: `visual` for a
            colour profile or an orientation that could be seen, else `inert`.
    """

    data: bytes
    media_type: str
    sha256: str
    width: int
    height: int
    removals: tuple[Removal, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class SanitizedIcon:
    """An icon of any admitted media type, ready to store and serve.

    Attributes:
        data: The bytes to store.
        media_type: `image/svg+xml`, `image/png` or `image/webp`.
        sha256: Digest of `data`, in lower-case hexadecimal.
        size: Length of `data` in bytes.
        width: Width in CSS pixels (SVG) or pixels (raster).
        height: Height in CSS pixels (SVG) or pixels (raster).
        view_box: The SVG's coordinate system; of a raster, its size.
        removals: What was taken out, in the order of the input.
    """

    data: bytes
    media_type: str
    sha256: str
    size: int
    width: float
    height: float
    view_box: ViewBox
    removals: tuple[Removal, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class LoadedIcon:
    """An icon's file as it lies in its package, not yet sanitized.

    Attributes:
        package: The package that was read from.
        resource: The path below the package.
        media_type: What the author says the file is.
        data: The bytes, 1 to 65,536 of them.
        sha256: Digest of `data`, in lower-case hexadecimal.
        warnings: What is wrong without being dangerous.
    """

    package: str
    resource: str
    media_type: str
    data: bytes
    sha256: str
    warnings: tuple[Problem, ...] = ()

    def sanitize(self) -> SanitizedIcon:
        """Return what a host may store and show.

        Raises:
            IconError: The bytes are not an admitted picture.
        """
        from imbi_plugin_sdk.icons import sanitize_icon  # noqa: PLC0415  cycle

        return sanitize_icon(self.data, self.media_type)
