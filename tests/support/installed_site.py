"""A directory of distributions, and an installer that does what pip does."""

from __future__ import annotations

import base64
import hashlib
import shutil
from typing import TYPE_CHECKING

from imbi_plugin_sdk.registry import PluginRegistry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PLUGIN = """
from imbi_plugin_sdk import LogsPlugin, LogResult, PluginManifest
BEFORE
class Handler(LogsPlugin):
    manifest = PluginManifest(
        slug=SLUG, name='Made up', plugin_type='logs', EXTRA
    )
    version = VERSION

    async def search(self, ctx, credentials, query):
        return LogResult(entries=[])

    async def schema(self, ctx, credentials):
        return []
AFTER
"""


def plugin(slug='one', version='1.0', *, extra='', before='', after=''):
    """Return the source of a logs plugin that conforms."""
    return (
        PLUGIN.replace('SLUG', repr(slug))
        .replace('VERSION', repr(version))
        .replace('EXTRA', extra)
        .replace('BEFORE', before)
        .replace('AFTER', after)
    )


class Site:
    """A directory on `sys.path`, with an installer that does what pip does."""

    plugin = staticmethod(plugin)

    def __init__(self, path: Path) -> None:
        self.path = path

    def install(  # noqa: PLR0913  one keyword per fact of a distribution
        self,
        name: str = 'imbi-plugin-one',
        version: str = '1.0',
        *,
        files: Mapping[str, str | bytes] | None = None,
        points: Mapping[str, str] | str | bytes | None = None,
        record: bool = True,
        metadata: str | None = '',
        kind: str = 'dist-info',
        requires: tuple[str, ...] = (),
        extra: Mapping[str, str | bytes] | None = None,
    ) -> Path:
        """Put a distribution there, an older version of it removed first."""
        self.uninstall(name)
        package = name.replace('-', '_')
        slug = package.removeprefix('imbi_plugin_').replace('_', '-')
        if files is None:
            files = {f'{package}/__init__.py': plugin(slug, version)}
        if points is None:
            points = {slug: f'{package}:Handler'}
        if not isinstance(points, (str, bytes)):
            lines = [f'{key} = {value}' for key, value in points.items()]
            points = '\n'.join(['[imbi.plugins]', *lines, ''])
        info = self.path / f'{package}-{version}.{kind}'
        written: dict[str, bytes] = {}
        for file, text in files.items():
            written[file] = text.encode() if isinstance(text, str) else text
        metadata_name = 'METADATA' if kind == 'dist-info' else 'PKG-INFO'
        if metadata is not None:
            head = f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n'
            head += ''.join(f'Requires-Dist: {one}\n' for one in requires)
            written[f'{info.name}/{metadata_name}'] = (
                head + metadata
            ).encode()
        written[f'{info.name}/entry_points.txt'] = (
            points.encode() if isinstance(points, str) else points
        )
        for file, text in (extra or {}).items():
            written[f'{info.name}/{file}'] = (
                text.encode() if isinstance(text, str) else text
            )
        for file, data in written.items():
            target = self.path / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        if record:
            (info / 'RECORD').write_text(
                ''.join(map(record_line, written, written.values()))
                + f'{info.name}/RECORD,,\n',
                'utf-8',
            )
        return info

    def uninstall(self, name: str) -> None:
        """Remove what RECORD names, as pip does; bytecode goes too."""
        package = name.replace('-', '_')
        for info in [
            *self.path.glob(f'{package}-*.dist-info'),
            *self.path.glob(f'{package}-*.egg-info'),
        ]:
            record = info / 'RECORD'
            lines = (
                record.read_text('utf-8').splitlines()
                if (record.exists())
                else []
            )
            for line in lines:
                file = self.path / line.split(',')[0]
                file.unlink(missing_ok=True)
                shutil.rmtree(file.parent / '__pycache__', ignore_errors=True)
                while file.parent != self.path and not any(
                    file.parent.iterdir()
                ):
                    file.parent.rmdir()
                    file = file.parent
            shutil.rmtree(info, ignore_errors=True)

    def registry(self, **options) -> PluginRegistry:
        """Return a registry that looks nowhere else."""
        return PluginRegistry([self.path], **options)


def record_line(path: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return f'{path},sha256={digest.decode().rstrip("=")},{len(data)}\n'
