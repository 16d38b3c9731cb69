"""What provisioning needs of each plugin, read once and before any planning.

Planning is pure: manifests are digested, templates looked through for
secrets and icons read and sanitized when a `PluginSource` is made.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.errors import IconError, ManifestError, Problem
from imbi_plugin_sdk.provisioning.fields import ICONS, template_values
from imbi_plugin_sdk.provisioning.plan import canonical
from imbi_plugin_sdk.secret_detector import TEMPLATE_SLOTS, find_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imbi_plugin_sdk.icons import SanitizedIcon
    from imbi_plugin_sdk.manifest import PluginIcon, PluginManifest
    from imbi_plugin_sdk.registry import Entry

_RUNS = re.compile(r'[-_.]+')


@dataclasses.dataclass(frozen=True, slots=True)
class Icon:
    """What came of reading one icon.

    Attributes:
        clean: The sanitized icon; None where the icon failed.
        problems: Why it failed, or what is wrong without being dangerous.
    """

    clean: SanitizedIcon | None
    problems: tuple[Problem, ...] = ()

    @property
    def value(self) -> str | None:
        """What the field holds: the digest of the sanitized bytes."""
        return icon_value(self.clean) if self.clean else None


def normalized(name: str) -> str:
    """Return a distribution's name as the simple index spells it (PEP 503)."""
    return _RUNS.sub('-', name).lower()


def icon_value(icon: SanitizedIcon) -> str:
    """Return what an icon's field holds, as in `sha256:9f86…`."""
    return f'sha256:{icon.sha256}'


@dataclasses.dataclass(frozen=True, slots=True)
class PluginSource:
    """One entry point that is to be installed or upgraded.

    Attributes:
        manifest: Its manifest.
        distribution: Name of the distribution; kept normalised (PEP 503).
        entry_point: Name of the entry point; else the slug.
        version: Version of the distribution, for people.
        icons: `icon` and `icon_dark` to what came of reading them; a field
            that is absent was not declared.
        values: What template and icons fill; made here. A field whose icon
            failed is absent, and stands in `unknown`.
        digest: Of the manifest; made here.

    Raises:
        ManifestError: The template carries a secret. A manifest that was
            validated has none; one made by `model_construct` may.
    """

    manifest: PluginManifest = dataclasses.field(repr=False)
    distribution: str
    entry_point: str = ''
    version: str = ''
    icons: Mapping[str, Icon] = dataclasses.field(
        default_factory=dict[str, Icon], repr=False
    )
    values: Mapping[str, Any] = dataclasses.field(init=False, repr=False)
    digest: str = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Normalise names, digest the manifest, and look for secrets."""
        template = self.manifest.third_party_service
        values: dict[str, Any] = {}
        if template is not None:
            _refuse_secrets(template)
            values = template_values(template)
            for name, icon in self.icons.items():
                if icon.value is not None:
                    values[name] = icon.value
        made: dict[str, object] = {
            'distribution': normalized(self.distribution),
            'entry_point': self.entry_point or self.manifest.slug,
            'values': values,
            'digest': digest_of(self.manifest.model_dump(mode='json')),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)

    @property
    def slug(self) -> str:
        """The plugin's slug."""
        return self.manifest.slug

    @property
    def order(self) -> tuple[str, str]:
        """The key by which a batch is ordered."""
        return self.distribution, self.entry_point

    @property
    def template_id(self) -> str:
        """The template's id; empty where the manifest has no template."""
        template = self.manifest.third_party_service
        return '' if template is None else template.id

    @property
    def unknown(self) -> frozenset[str]:
        """Icon fields that are declared and whose icon failed."""
        return frozenset(
            name for name, icon in self.icons.items() if icon.clean is None
        )


def _refuse_secrets(template: object) -> None:
    found = find_secrets(
        template, slots=TEMPLATE_SLOTS, path='third_party_service'
    )
    if found:
        raise ManifestError(
            'ThirdPartyServiceTemplate',
            [finding.problem() for finding in found],
        )


def digest_of(document: object) -> str:
    """Return the digest of a JSON document's canonical form."""
    digest = hashlib.sha256(canonical(document).encode())
    return f'sha256:{digest.hexdigest()}'


def read_source(
    manifest: PluginManifest,
    *,
    distribution: str,
    entry_point: str = '',
    version: str = '',
) -> PluginSource:
    """Return a source whose icons were read out of the plugin's package.

    Importing that package runs its code; do so only with admitted plugins.
    An icon that fails is no error: `PluginSource.icons` tells why.

    Raises:
        ManifestError: The template carries a secret.
    """
    declared = {name: getattr(manifest, name) for name in ICONS}
    return PluginSource(
        manifest,
        distribution,
        entry_point,
        version,
        {
            name: read_icon(icon, distribution)
            for name, icon in declared.items()
            if icon is not None
        },
    )


def sources_of(entries: Iterable[Entry]) -> tuple[PluginSource, ...]:
    """Return the sources of a registry's entries, icons read.

    Args:
        entries: As in `registry.current.entries.values()`.
    """
    return tuple(
        read_source(
            entry.manifest,
            distribution=entry.distribution,
            entry_point=entry.entry_point,
            version=entry.version,
        )
        for entry in entries
    )


def read_icon(icon: PluginIcon, distribution: str | None = None) -> Icon:
    """Return a plugin's icon, sanitized; or why there is none.

    A brand mark is not worth an install: whatever goes wrong becomes a
    problem of the result.
    """
    from imbi_plugin_sdk.icons import load_icon  # noqa: PLC0415  parsers

    try:
        loaded = load_icon(icon, distribution=distribution)
        return Icon(loaded.sanitize(), loaded.warnings)
    except IconError as error:
        return Icon(None, error.problems)
    except Exception as error:  # noqa: BLE001  a stranger's file and package
        return Icon(
            None,
            (
                Problem(
                    'icon_failed',
                    '',
                    f'reading the icon ended in {type(error).__name__}; it '
                    'must be a file that importlib.resources can read.',
                    'Run the icon checks of the kit on the plugin.',
                ),
            ),
        )
