"""Made-up distributions, written to disk in a millisecond and without pip."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import signal
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from imbi_plugin_testkit.config import Config
    from imbi_plugin_testkit.subject import Project, Subject

# A busy machine is no finding: no example has a deadline. The same examples
# in each run, so that a red build is red again for whoever looks into it.
hypothesis.settings.register_profile(
    'project',
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile('project')

# A shell's background job ignores Ctrl-C, and so does what it starts: tests
# of an interrupt would wait in vain.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

GOOD_PLUGIN = '''\
"""A configuration plugin that keeps everything in memory."""

from __future__ import annotations

import logging

from imbi_plugin_sdk import (
    ConfigKey,
    ConfigKeyWithValue,
    ConfigurationPlugin,
    ConfigValue,
    CredentialField,
    DataType,
    PluginContext,
    PluginCredentialsMissing,
    PluginManifest,
    PluginOption,
)

LOGGER = logging.getLogger(__name__)
_STORES: dict[tuple[str, str | None], dict[str, ConfigValue]] = {}


class GoodPlugin(ConfigurationPlugin):
    """Keeps values per project and environment."""

    manifest = PluginManifest(
        slug='SLUG',
        name='Good',
        description='Keeps configuration in memory.',
        plugin_type='configuration',
        options=[
            PluginOption(name='path_prefix', label='Path', default='/imbi'),
        ],
        credentials=[CredentialField(name='client_secret', label='Secret')],
        data_types=[DataType(name='string', label='String')],
    )

    def _store(self, ctx, credentials):
        if not credentials.get('client_secret', '').strip():
            raise PluginCredentialsMissing('client_secret is missing')
        return _STORES.setdefault((ctx.project_id, ctx.environment), {})

    async def list_keys(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[ConfigKey]:
        """Return every key."""
        return [
            ConfigKey(key=key, data_type=item.data_type, secret=item.secret)
            for key, item in self._store(ctx, credentials).items()
        ]

    async def get_values(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        keys: list[str] | None = None,
    ) -> list[ConfigKeyWithValue]:
        """Return the values of the keys, or of all."""
        store = self._store(ctx, credentials)
        return [
            ConfigKeyWithValue(
                key=key,
                data_type=item.data_type,
                secret=item.secret,
                value=item.value,
            )
            for key, item in store.items()
            if keys is None or key in keys
        ]

    async def set_value(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        key: str,
        value: ConfigValue,
    ) -> ConfigKey:
        """Set one value."""
        store = self._store(ctx, credentials)
        if key in store and store[key].secret:
            value = value.model_copy(update={"secret": True})
        store[key] = value
        return ConfigKey(
            key=key, data_type=value.data_type, secret=value.secret
        )

    async def delete_key(
        self, ctx: PluginContext, credentials: dict[str, str], key: str
    ) -> None:
        """Delete one key."""
        self._store(ctx, credentials).pop(key, None)
'''
"""What `make_distribution()` ships where a test gives no files."""


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _record_line(path: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return f'{path},sha256={digest.decode().rstrip("=")},{len(content)}'


@dataclasses.dataclass(frozen=True)
class MadeDistribution:
    """A distribution on disk.

    Attributes:
        site: Directory that holds it, as site-packages would.
        source: Where its modules are: the same, or apart when editable.
        dist_info: Its metadata directory.
        shipped: Paths of the files in its wheel, dist-info included.
    """

    name: str
    version: str
    site: Path
    source: Path
    dist_info: Path
    shipped: frozenset[str] | None

    def subject(
        self,
        config: Config | None = None,
        project: Project | Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> Subject:
        """Return it as the kit sees it; `facts` override any attribute.

        A mapping as `project` is taken for a parsed pyproject.toml.
        """
        # Late: tests of coverage and import cost start without the kit.
        import importlib_metadata  # noqa: PLC0415

        from imbi_plugin_testkit.config import Config  # noqa: PLC0415
        from imbi_plugin_testkit.subject import (  # noqa: PLC0415
            Project,
            Subject,
        )

        if project is not None and not isinstance(project, Project):
            project = Project(self.site / 'pyproject.toml', project)
        editable = self.source != self.site
        values: dict[str, Any] = {
            'name': self.name,
            'version': self.version,
            'source': 'editable' if editable else 'installed',
            'metadata': importlib_metadata.Distribution.at(self.dist_info),
            'config': config or Config(),
            'project': project,
            'shipped': self.shipped,
            'search_path': tuple(
                str(path) for path in dict.fromkeys([self.source, self.site])
            ),
        }
        return Subject(**{**values, **facts})

    def wheel(self, directory: Path | None = None) -> Path:
        """Zip it up as a wheel and return its path."""
        stem = self.name.replace('-', '_')
        path = (directory or self.site.parent) / (
            f'{stem}-{self.version}-py3-none-any.whl'
        )
        with zipfile.ZipFile(path, 'w') as archive:
            for root in dict.fromkeys([self.source, self.site]):
                for file in sorted(root.rglob('*')):
                    if file.is_file() and '__pycache__' not in file.parts:
                        archive.write(file, file.relative_to(root).as_posix())
        return path


def _forget_modules_below(folder: Path, packages: set[str]) -> None:
    """Take out of `sys.modules` what an earlier distribution put there.

    By place, and by name: a wheel is imported from where it was unpacked.
    """
    prefix = str(folder)
    for name, module in list(sys.modules.items()):
        if name.partition('.')[0] in packages:
            sys.modules.pop(name, None)
            continue
        places = [getattr(module, '__file__', None)]
        try:
            places += list(getattr(module, '__path__', None) or [])
        except Exception:  # noqa: BLE001  a stranger's module
            continue
        if any(str(place or '').startswith(prefix) for place in places):
            sys.modules.pop(name, None)


@pytest.fixture
def make_distribution(tmp_path: Path) -> Iterator[Any]:
    """Return a function that writes one distribution to disk.

    Each call makes a folder of its own and drops from `sys.modules` what the
    distributions before it left there: two distributions that are alive at
    once need different module names.

    Keywords (all optional):
        name: Name in the metadata; the package name is made from it.
        version: Version in the metadata.
        files: Path to text or bytes; without it, a good plugin that passes
            every static check, named `<package>:GoodPlugin`.
        entry_points: Name to value, in the group `imbi.plugins`; or group
            to such a mapping, where the values are mappings.
        requires: Lines of Requires-Dist.
        record: Whether RECORD is written and true.
        editable: Whether only metadata, a .pth and direct_url.json are
            in the site directory and the modules lie elsewhere.
        dist_info_extra: File of the dist-info to its content; None removes.
        requires_python: The line in the metadata.
    """
    made = 0
    packages: set[str] = set()

    def make(  # noqa: PLR0913  one keyword per fact of a distribution
        name: str = 'imbi-plugin-good',
        version: str = '1.0',
        *,
        files: Mapping[str, str | bytes] | None = None,
        entry_points: Mapping[str, Any] | None = None,
        requires: Sequence[str] = ('imbi-plugin-sdk>=0.1',),
        record: bool = True,
        editable: bool = False,
        dist_info_extra: Mapping[str, str | bytes | None] | None = None,
        requires_python: str = '>=3.11',
    ) -> MadeDistribution:
        nonlocal made
        made += 1
        package = name.replace('-', '_').replace('.', '_').lower()
        slug = package.removeprefix('imbi_plugin_').replace('_', '-')
        if files is None:
            files = {
                f'{package}/__init__.py': GOOD_PLUGIN.replace('SLUG', slug),
                f'{package}/py.typed': '',
            }
        if entry_points is None:
            entry_points = {slug: f'{package}:GoodPlugin'}
        packages.update(
            path.partition('/')[0].removesuffix('.py')
            for path in files
            if path.startswith('imbi_plugin_')
        )
        # One mutant ships a module into our own packages.
        packages.difference_update({'imbi_plugin_sdk', 'imbi_plugin_testkit'})
        _forget_modules_below(tmp_path, packages)
        site = tmp_path / f'site{made}'
        source = tmp_path / f'source{made}' if editable else site
        contents = {path: _bytes(text) for path, text in files.items()}
        for path, content in contents.items():
            target = source / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        stem = f'{name.replace("-", "_")}-{version}.dist-info'
        dist_info: dict[str, str | bytes | None] = {
            'METADATA': _metadata(name, version, requires, requires_python),
            'WHEEL': 'Wheel-Version: 1.0\nGenerator: made up\n'
            'Root-Is-Purelib: true\nTag: py3-none-any\n',
            'entry_points.txt': _entry_points(entry_points),
            'INSTALLER': 'made-up\n',
        }
        recorded = {} if editable else dict(contents)
        if editable:
            pth = f'{source}\n'
            site.mkdir(parents=True, exist_ok=True)
            (site / f'__editable__.{stem}.pth').write_text(pth, 'utf-8')
            recorded[f'__editable__.{stem}.pth'] = pth.encode()
            dist_info['direct_url.json'] = (
                f'{{"url": "{source.as_uri()}", '
                '"dir_info": {"editable": true}}'
            )
        dist_info |= dist_info_extra or {}
        for file, text in dist_info.items():
            if text is not None:
                target = site / stem / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(_bytes(text))
                recorded[f'{stem}/{file}'] = _bytes(text)
        if record and 'RECORD' not in dist_info:
            lines = [_record_line(*entry) for entry in recorded.items()]
            lines.append(f'{stem}/RECORD,,')
            (site / stem / 'RECORD').write_text(
                ''.join(f'{line}\n' for line in lines), 'utf-8'
            )
        return MadeDistribution(
            name=name,
            version=version,
            site=site,
            source=source,
            dist_info=site / stem,
            shipped=None
            if editable
            else frozenset([*recorded, f'{stem}/RECORD']),
        )

    yield make
    _forget_modules_below(tmp_path, packages)


def _metadata(
    name: str, version: str, requires: Sequence[str], requires_python: str
) -> str:
    lines = ['Metadata-Version: 2.1', f'Name: {name}', f'Version: {version}']
    if requires_python:
        lines.append(f'Requires-Python: {requires_python}')
    lines += [f'Requires-Dist: {line}' for line in requires]
    return '\n'.join([*lines, '', ''])


def _entry_points(entry_points: Mapping[str, Any]) -> str:
    groups: dict[str, Mapping[str, str]] = {}
    for key, value in entry_points.items():
        if isinstance(value, str):
            groups['imbi.plugins'] = {
                **groups.get('imbi.plugins', {}),
                key: value,
            }
        else:
            groups[key] = value
    return ''.join(
        f'[{group}]\n'
        + ''.join(f'{name} = {value}\n' for name, value in lines.items())
        + '\n'
        for group, lines in groups.items()
    )
