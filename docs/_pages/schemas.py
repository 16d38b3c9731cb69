"""The JSON Schema of every document, as files that editors can read."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

import pydantic

from imbi_plugin_testkit.schemas import DOCUMENTS, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable


def schema_file(name: str) -> str:
    """Return the schema of one kind of document.

    It says which pydantic wrote it, for its minor versions word the same
    schema differently.
    """
    minor = '.'.join(pydantic.VERSION.split('.')[:2])
    comment = f'Written by docs/generate.py with pydantic {minor}.'
    schema = {'$comment': comment, **schema_of(name)}
    return json.dumps(schema, indent=2, sort_keys=True) + '\n'


FILES: dict[str, Callable[[], str]] = {
    f'{name}.schema.json': functools.partial(schema_file, name)
    for name in DOCUMENTS
}
"""Name of a file to what writes it."""
