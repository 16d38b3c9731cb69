"""JSON Schema (2020-12) of every document that crosses this project's border.

One table, from which `imbi-plugin schema`, the files in `docs/` and their
tests come. The models' own schemas are pydantic's; those of the report, the
certificate and the catalog are written out, since no model reads them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from imbi_plugin_testkit.model import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DIALECT = 'https://json-schema.org/draft/2020-12/schema'

SHA256 = '^[0-9a-f]{64}$'


class Document(NamedTuple):
    """One kind of document.

    Attributes:
        title: What it is.
        schema: Returns its schema, without dialect and title.
        example: Returns a small document that is valid.
    """

    title: str
    schema: Callable[[], Mapping[str, Any]]
    example: Callable[[], Mapping[str, Any]]


def _manifest() -> Mapping[str, Any]:
    from imbi_plugin_sdk import PluginManifest  # noqa: PLC0415

    return PluginManifest.model_json_schema()


def _template() -> Mapping[str, Any]:
    from imbi_plugin_sdk import ThirdPartyServiceTemplate  # noqa: PLC0415

    return ThirdPartyServiceTemplate.model_json_schema()


def _plan() -> Mapping[str, Any]:
    from imbi_plugin_sdk.provisioning import Plan  # noqa: PLC0415

    return Plan.model_json_schema(mode='serialization')


def _report() -> Mapping[str, Any]:
    from imbi_plugin_testkit.report.schema import report_schema  # noqa: PLC0415

    return report_schema()


def _text(description: str, **facts: object) -> dict[str, Any]:
    return {'type': 'string', 'description': description, **facts}


def _object(
    properties: Mapping[str, Any], *, optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        'type': 'object',
        'additionalProperties': False,
        'required': [name for name in properties if name not in optional],
        'properties': dict(properties),
    }


def _certificate() -> Mapping[str, Any]:
    return _object(
        {
            'format_version': {
                'const': 1,
                'description': 'Raised when an old reader could misread it.',
            },
            'distribution': _object(
                {
                    'name': _text('As its metadata writes it.'),
                    'version': _text('As its metadata writes it.'),
                    'files': {
                        'type': 'object',
                        'description': 'Path in the wheel to SHA-256.',
                        'additionalProperties': _text(
                            'Hexadecimal digits.', pattern=SHA256
                        ),
                    },
                }
            ),
            'kit_version': _text('Version of imbi-plugin-sdk that judged.'),
            'contracts': {
                'type': 'object',
                'description': 'Plugin type to the contract it was held to.',
                'additionalProperties': _text(
                    'Major and minor.', pattern=r'^\d+\.\d+$'
                ),
            },
            'seed': {
                'type': 'integer',
                'description': 'Where the randomness of the laws began.',
            },
            'verdict': {
                'enum': [str(each) for each in Verdict],
                'description': 'static: the author declined the laws.',
            },
            'checks': {
                'type': 'array',
                'description': 'Each check that was called for.',
                'items': _object(
                    {
                        'unit': _text('Entry point, or the distribution.'),
                        'id': _text(
                            'As in CFG004.', pattern=r'^[A-Z]{3}\d{3}$'
                        ),
                        'outcome': {
                            'enum': [str(each) for each in Outcome],
                            'description': 'How it ended.',
                        },
                    }
                ),
            },
            'digest': _text(
                'SHA-256 of the canonical JSON of all else: keys sorted, no '
                'white space.',
                pattern=SHA256,
            ),
        }
    )


def _catalog() -> Mapping[str, Any]:
    from imbi_plugin_sdk.catalog.entries import STATUSES  # noqa: PLC0415

    entry = _object(
        {
            'distribution': _text('Name of the distribution.', minLength=1),
            'versions': _text('A range, as in ">=1.2,<2".'),
            'slugs': {
                'type': 'array',
                'description': 'The plugins that it may register.',
                'items': _text('A slug.'),
                'minItems': 1,
                'uniqueItems': True,
            },
            'status': {
                'enum': list(STATUSES),
                'description': 'blocked: never imported.',
            },
            'since': _text('The day of the decision.', format='date'),
            'note': _text('Why; needed unless it is approved.'),
            'sha256': {
                'type': 'object',
                'description': 'Name of a wheel to its SHA-256.',
                'additionalProperties': _text(
                    'Hexadecimal digits.', pattern=SHA256
                ),
            },
        },
        optional=('note', 'sha256'),
    )
    return _object(
        {
            'format_version': {
                'const': 1,
                'description': 'Raised when an old reader could misread it.',
            },
            'entries': {
                'type': 'array',
                'description': 'Which distributions a host may import.',
                'items': entry,
            },
        },
        optional=('entries',),
    )


def _example_manifest() -> Mapping[str, Any]:
    return {
        'slug': 'acme-config',
        'name': 'Acme configuration',
        'plugin_type': 'configuration',
        'options': [
            {'name': 'region', 'label': 'Region', 'required': True},
        ],
        'credentials': [{'name': 'api_token', 'label': 'API token'}],
        'third_party_service': dict(_example_template()),
    }


def _example_template() -> Mapping[str, Any]:
    return {
        'id': 'acme',
        'vendor': 'Acme',
        'display_name': 'Acme',
        'category': 'configuration',
        'service_url': 'https://acme.io',
    }


def _example_plan() -> Mapping[str, Any]:
    from imbi_plugin_sdk import PluginManifest  # noqa: PLC0415
    from imbi_plugin_sdk.provisioning import (  # noqa: PLC0415
        PluginSource,
        State,
        plan_install,
    )

    manifest = PluginManifest.model_validate(_example_manifest())
    source = PluginSource(manifest, 'imbi-plugin-acme', version='1.0')
    plan = plan_install(State.of('acme-org'), [source])
    data: Mapping[str, Any] = plan.model_dump(mode='json')
    return data


def _example_report() -> Mapping[str, Any]:
    return {
        'schema_version': 1,
        'kit_version': '0.1.0',
        'seed': 0,
        'verdict': 'conformant',
        'distribution': {
            'name': 'imbi-plugin-acme',
            'version': '1.0',
            'source': 'wheel',
            'checks': [
                {
                    'id': 'PKG004',
                    'family': 'PKG',
                    'severity': 'must',
                    'outcome': 'passed',
                    'seconds': 0.0,
                    'reason': '',
                    'problems': [],
                    'reproduce': 'pytest --imbi-plugin '
                    'pyproject.toml::imbi-plugin-acme::PKG004',
                }
            ],
        },
        'plugins': [],
        'summary': {
            str(outcome): int(outcome is Outcome.PASSED) for outcome in Outcome
        },
    }


def _example_certificate() -> Mapping[str, Any]:
    from imbi_plugin_testkit.report.certificate import digest  # noqa: PLC0415

    body = {
        'format_version': 1,
        'distribution': {
            'name': 'imbi-plugin-acme',
            'version': '1.0',
            'files': {'imbi_plugin_acme/__init__.py': '0' * 64},
        },
        'kit_version': '0.1.0',
        'contracts': {'configuration': '1.0'},
        'seed': 0,
        'verdict': 'conformant',
        'checks': [
            {'unit': 'acme-config', 'id': 'CFG001', 'outcome': 'passed'}
        ],
    }
    return {**body, 'digest': digest(body)}


def _example_catalog() -> Mapping[str, Any]:
    return {
        'format_version': 1,
        'entries': [
            {
                'distribution': 'imbi-plugin-acme',
                'versions': '>=1,<2',
                'slugs': ['acme-config'],
                'status': 'approved',
                'since': '2026-11-22',
            }
        ],
    }


DOCUMENTS: Mapping[str, Document] = {
    'catalog': Document(
        'Catalog of the plugins that a host may import',
        _catalog,
        _example_catalog,
    ),
    'certificate': Document(
        'Conformance certificate of a plugin distribution',
        _certificate,
        _example_certificate,
    ),
    'manifest': Document('Plugin manifest', _manifest, _example_manifest),
    'plan': Document('Provisioning plan', _plan, _example_plan),
    'report': Document(
        'Report of the Imbi plugin conformance kit', _report, _example_report
    ),
    'template': Document(
        'Third-party service template', _template, _example_template
    ),
}
"""Name to document; adding one touches this table."""


def schema_of(name: str) -> dict[str, Any]:
    """Return the schema of a kind of document.

    Raises:
        KeyError: There is no such kind.
    """
    document = DOCUMENTS[name]
    return {
        '$schema': DIALECT,
        **document.schema(),
        'title': document.title,
        'examples': [dict(document.example())],
    }


def schema_text(name: str) -> str:
    """Return the schema as it is published: stable between runs."""
    return json.dumps(schema_of(name), indent=2, sort_keys=True) + '\n'
