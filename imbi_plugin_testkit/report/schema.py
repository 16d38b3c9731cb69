"""The published JSON Schema of the JSON report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.model import Outcome, Severity, Verdict
from imbi_plugin_testkit.report import SCHEMA_VERSION

if TYPE_CHECKING:
    import enum
    from collections.abc import Mapping

DIALECT = 'https://json-schema.org/draft/2020-12/schema'
TEXT: Mapping[str, Any] = {'type': 'string'}
MAYBE_TEXT: Mapping[str, Any] = {'type': ['string', 'null']}


def _words(kind: type[enum.StrEnum]) -> dict[str, Any]:
    return {'enum': [str(word) for word in kind]}


def _object(
    properties: Mapping[str, Any],
    optional: tuple[str, ...] = (),
    **facts: object,
) -> dict[str, Any]:
    """Return the schema of an object.

    Args:
        properties: Name to schema.
        optional: Names that reports of older kits do not have.
        facts: More about the object.
    """
    return {
        'type': 'object',
        'additionalProperties': False,
        'required': [name for name in properties if name not in optional],
        'properties': dict(properties),
        **facts,
    }


def _rows(name: str) -> dict[str, Any]:
    return {'type': 'array', 'items': {'$ref': f'#/$defs/{name}'}}


_HEAD: Mapping[str, Any] = {
    'schema_version': {
        'const': SCHEMA_VERSION,
        'description': 'Goes up when an old reader could misread.',
    },
    'kit_version': {**TEXT, 'description': 'Version of imbi-plugin-sdk.'},
    'verdict': {
        **_words(Verdict),
        'description': 'static: the author declined the laws.',
    },
}

_DEFS: Mapping[str, Any] = {
    'problem': _object(
        {
            'path': {**TEXT, 'description': 'As in `options[2].name`.'},
            'message': {**TEXT, 'description': 'Seen, and what must hold.'},
            'fix': {**TEXT, 'description': 'What the author should do.'},
            'details': {
                'type': 'array',
                'items': TEXT,
                'description': 'Lines that help to see it.',
            },
            'place': {
                'anyOf': [{'$ref': '#/$defs/place'}, {'type': 'null'}],
                'description': 'Where it is to be mended, if that is known.',
            },
            'seen': {
                **TEXT,
                'description': 'Where two values were compared, the one that '
                'was found, with a line per member; else blank.',
            },
            'expected': {
                **TEXT,
                'description': 'The one that must be, the same way.',
            },
        },
        optional=('seen', 'expected'),
    ),
    'place': _object(
        {
            'file': {**TEXT, 'description': 'Relative to the project.'},
            'line': {
                'type': 'integer',
                'minimum': 1,
                'description': 'Counted from 1.',
            },
            'column': {
                'type': 'integer',
                'minimum': 1,
                'description': 'Counted from 1.',
            },
            'text': {**TEXT, 'description': 'The line, unless it is secret.'},
        }
    ),
    'check': _object(
        {
            'id': {
                'type': 'string',
                'pattern': '^[A-Z]{3}[0-9]{3}$',
                'description': 'As in CFG004; never reused.',
            },
            'family': {
                'type': 'string',
                'pattern': '^[A-Z]{3}$',
                'description': 'Letters of the id.',
            },
            'severity': {
                **_words(Severity),
                'description': 'must is an error, should a warning.',
            },
            'outcome': {
                **_words(Outcome),
                'description': 'untestable never counts as passed.',
            },
            'seconds': {
                'type': 'number',
                'minimum': 0,
                'description': 'Wall time.',
            },
            'reason': {
                **TEXT,
                'description': 'Why it did not run, or was waived.',
            },
            'problems': {
                **_rows('problem'),
                'description': 'What was seen.',
            },
            'reproduce': {**TEXT, 'description': 'Runs this check alone.'},
        }
    ),
    'plugin': _object(
        {
            'slug': {
                **MAYBE_TEXT,
                'description': 'null where the manifest cannot be read.',
            },
            'entry_point': {**TEXT, 'description': 'Its name.'},
            'plugin_type': {
                **MAYBE_TEXT,
                'description': 'null where the manifest cannot be read.',
            },
            'api_version': {
                'type': ['integer', 'string', 'null'],
                'description': 'As it is declared.',
            },
            'backend': {
                'enum': ['real', 'emulated', 'fake', 'memory', None],
                'description': 'What the laws ran on; null without them.',
            },
            'checks': {
                **_rows('check'),
                'description': 'In the order of the catalogue.',
            },
        }
    ),
    'report': _object(
        {
            **_HEAD,
            'seed': {
                'type': 'integer',
                'description': 'Where the randomness of the laws began.',
            },
            'distribution': _object(
                {
                    'name': {**TEXT, 'description': 'As in its metadata.'},
                    'version': {**TEXT, 'description': 'The same.'},
                    'source': {
                        'enum': ['installed', 'editable', 'wheel', 'built'],
                        'description': 'Where it was found.',
                    },
                    'checks': {
                        **_rows('check'),
                        'description': 'Those of no single plugin.',
                    },
                }
            ),
            'plugins': {
                **_rows('plugin'),
                'description': 'By entry point.',
            },
            'summary': _object(
                {
                    str(outcome): {
                        'type': 'integer',
                        'minimum': 0,
                        'description': 'Checks that ended so.',
                    }
                    for outcome in Outcome
                }
            ),
        }
    ),
}


def report_schema() -> dict[str, Any]:
    """Return the schema: one report, or several under `reports`."""
    return {
        '$schema': DIALECT,
        'title': 'Report of the Imbi plugin conformance kit',
        'oneOf': [
            {'$ref': '#/$defs/report'},
            _object(
                {
                    **_HEAD,
                    'reports': {
                        **_rows('report'),
                        'minItems': 2,
                        'description': 'One per distribution.',
                    },
                }
            ),
        ],
        '$defs': dict(_DEFS),
    }
