"""What an operator will see before installing, as data.

Of a wheel that ships a static manifest (`snapshots`) nothing is imported;
of everything else, the handler classes are. The icon is the sanitized one,
for that is what a host stores.
"""

from __future__ import annotations

import base64
import dataclasses
import zipfile
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.errors import IconError, Problem
from imbi_plugin_sdk.icons import MAX_ICON_BYTES, load_icon, sanitize_icon
from imbi_plugin_sdk.provisioning import (
    ANYWHERE,
    Icon,
    Placement,
    PluginSource,
    State,
    icon_value,
    plan_install,
)
from imbi_plugin_testkit import snapshots
from imbi_plugin_testkit.model import Untestable
from imbi_plugin_testkit.preview.sentences import told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.manifest import PluginIcon, PluginManifest
    from imbi_plugin_testkit.subject import Subject

ICONS = ('icon', 'icon_dark')

ENDPOINTS = (
    'service_url',
    'api_endpoint',
    'issuer',
    'authorization_endpoint',
    'token_endpoint',
    'revoke_endpoint',
)
"""Fields of a template that are addresses, in the order they are read."""

CAPABILITIES = {
    'cacheable': 'its answers may be cached',
    'login_capable': 'people may log in to Imbi with it',
    'requires_identity': 'acts as the person, through an identity plugin',
    'supports_deployment_sync': 'reports deployments that others started',
    'supports_histogram': 'counts log entries over time',
    'supports_lifecycle_sync': 'follows projects that are made or changed',
}
"""Flag of the manifest to what it means to an operator."""

ORGANIZATION = 'preview'
"""Whose state is empty, where no other is given."""


@dataclasses.dataclass(frozen=True)
class Preview:
    """A distribution, before it is installed.

    Attributes:
        subject: The distribution.
        static: Whether nothing of it was imported.
        manifests: Entry point to manifest.
        troubles: Entry point to why its manifest cannot be shown.
    """

    subject: Subject
    static: bool
    manifests: Mapping[str, PluginManifest]
    troubles: Mapping[str, str]

    def data(
        self, state: State | None = None, place: Placement = ANYWHERE
    ) -> dict[str, Any]:
        """Return everything that the page shows, as JSON-ready data.

        Args:
            state: The organization that it would be installed into; an empty
                one by default.
            place: What the operator says about where it belongs.
        """
        icons = {
            name: {
                field: self._icon(getattr(manifest, field))
                for field in ICONS
                if getattr(manifest, field) is not None
            }
            for name, manifest in self.manifests.items()
        }
        return {
            'distribution': {
                'name': self.subject.name,
                'version': self.subject.version,
                'static': self.static,
            },
            'plugins': [
                {
                    'entry_point': name,
                    **_described(manifest),
                    'icons': [
                        {'field': field, **_shown_icon(found)}
                        for field, found in icons[name].items()
                    ],
                }
                for name, manifest in self.manifests.items()
            ],
            'troubles': dict(self.troubles),
            'plan': self._plan(state or State.of(ORGANIZATION), icons, place),
        }

    def _plan(
        self,
        state: State,
        icons: Mapping[str, Mapping[str, Icon]],
        place: Placement,
    ) -> dict[str, Any]:
        sources = [
            PluginSource(
                manifest,
                self.subject.name,
                name,
                self.subject.version,
                icons[name],
            )
            for name, manifest in self.manifests.items()
        ]
        plan = plan_install(state, sources, place=place)
        return {
            'organization': plan.organization,
            'blocked': plan.blocked,
            'sentences': [
                {'kind': kind, 'text': text}
                for kind, text in told(plan, state)
            ],
            'plan': plan.model_dump(mode='json'),
        }

    def _icon(self, icon: PluginIcon) -> Icon:
        try:
            return Icon(sanitize_icon(self._bytes(icon), icon.media_type))
        except IconError as error:
            return Icon(None, error.problems)

    def _bytes(self, icon: PluginIcon) -> bytes:
        wheel = self.subject.wheel
        if wheel is None:
            with self.subject.importable():
                return load_icon(icon).data
        path = f'{icon.package.replace(".", "/")}/{icon.resource}'
        with zipfile.ZipFile(wheel) as archive:
            if path not in archive.namelist():
                problem = Problem(
                    'icon_missing',
                    path,
                    'the wheel does not ship it.',
                    'Include the file in the package.',
                )
                raise IconError('PluginIcon', [problem])
            with archive.open(path) as file:
                return file.read(MAX_ICON_BYTES + 1)


def _described(manifest: PluginManifest) -> dict[str, Any]:
    """Return what an operator reads of a manifest."""
    facts = manifest.model_dump(mode='json')
    template = facts['third_party_service']
    return {
        **{
            name: facts[name]
            for name in (
                'slug',
                'name',
                'description',
                'plugin_type',
                'api_version',
                'options',
                'credentials',
                'data_types',
                'default_scopes',
                'lifecycle_events',
            )
        },
        'capabilities': [
            meaning for flag, meaning in CAPABILITIES.items() if facts[flag]
        ],
        'service': template and _service(template),
    }


def _service(template: Mapping[str, Any]) -> dict[str, Any]:
    return {
        'id': template['id'],
        'vendor': template['vendor'],
        'display_name': template['display_name'] or template['vendor'],
        'category': template['category'],
        'use_pkce': template['use_pkce'],
        'default_scopes': template['default_scopes'],
        'endpoints': [
            {'name': name, 'url': template[name]}
            for name in ENDPOINTS
            if template[name]
        ],
        'links': [
            {'name': name, 'url': url}
            for name, url in template['links'].items()
        ],
        'variables': [
            {'name': name, **facts}
            for name, facts in template['variables'].items()
        ],
    }


def _shown_icon(found: Icon) -> dict[str, Any]:
    """Return an icon as data: what is shown, and what was taken out."""
    clean = found.clean
    if clean is None:
        return {'problems': [str(problem) for problem in found.problems]}
    encoded = base64.b64encode(clean.data).decode('ascii')
    return {
        'problems': [],
        'media_type': clean.media_type,
        'size': clean.size,
        'digest': icon_value(clean),
        'data': f'data:{clean.media_type};base64,{encoded}',
        'removals': [
            {
                'line': removal.line,
                'column': removal.column,
                'what': removal.what,
                'why': removal.why,
                'grade': removal.grade,
            }
            for removal in clean.removals
        ],
    }


def preview_of(subject: Subject) -> Preview:
    """Return the preview of a distribution.

    Raises:
        UsageError: It ships a static manifest that cannot be read.
    """
    static = snapshots.shipped(subject)
    if static is not None:
        return Preview(
            subject, static=True, manifests=static.manifests, troubles={}
        )
    manifests: dict[str, PluginManifest] = {}
    troubles: dict[str, str] = {}
    for plugin in subject.plugins:
        try:
            manifest = plugin.manifest
            problems = plugin.manifest_problems
        except Untestable as reason:
            troubles[plugin.name] = reason.reason
            continue
        if problems:
            troubles[plugin.name] = str(problems[0])
        else:
            manifests[plugin.name] = manifest
    return Preview(
        subject, static=False, manifests=manifests, troubles=troubles
    )
