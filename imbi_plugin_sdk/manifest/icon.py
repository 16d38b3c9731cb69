"""Where a plugin's icon lies (ADR 0012, section 2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pydantic

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.icons._paths import PLAIN, is_plain
from imbi_plugin_sdk.manifest._declaration import Declaration, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MediaType = Literal['image/svg+xml', 'image/png', 'image/webp']

_PACKAGE = re.compile(r'[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*', re.ASCII)


def package_is_importable(data: Mapping[str, Any]) -> Iterator[Problem]:
    """The package is a dotted name, as `import` takes it."""
    package = data.get('package')
    if isinstance(package, str) and not _PACKAGE.fullmatch(package):
        yield Problem(
            'icon_package_invalid',
            'package',
            'the package is not a dotted Python name.',
            'Name the import package that holds the file, as in '
            "'imbi_plugin_github' or 'imbi_plugin_github.assets'.",
        )


def resource_stays_inside(data: Mapping[str, Any]) -> Iterator[Problem]:
    """The resource is a relative path that cannot leave its package."""
    resource = data.get('resource')
    if isinstance(resource, str) and not is_plain(resource):
        yield Problem(
            'icon_resource_invalid',
            'resource',
            f'the resource is not {PLAIN}.',
            'Write it with forward slashes from the package on, as in '
            "'assets/icon.svg'.",
        )


class PluginIcon(Declaration):
    """A file inside the plugin's wheel, read with importlib.resources."""

    rules: ClassVar[tuple[Rule, ...]] = (
        package_is_importable,
        resource_stays_inside,
    )

    package: str = pydantic.Field(
        description='Import package of the plugin that holds the file.',
        examples=['imbi_plugin_github'],
    )
    resource: str = pydantic.Field(
        description='Path inside the package, with forward slashes.',
        examples=['assets/icon.svg'],
    )
    media_type: MediaType = pydantic.Field(
        default='image/svg+xml',
        description='What the file is; its content must agree.',
    )
