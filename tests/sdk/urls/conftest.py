"""Stand-ins for the manifest's variables, which live on a higher floor."""

from __future__ import annotations

import dataclasses

import pytest


@dataclasses.dataclass(frozen=True)
class Variable:
    kind: str
    choices: tuple[str, ...] | None = None
    default: str | None = None
    pattern: str | None = None


@pytest.fixture
def variable():
    """Make a variable: `variable('enum', choices=('us', 'eu'))`."""
    return Variable


@pytest.fixture
def variables():
    """One variable of each kind, named after it, and a second enum."""
    return {
        'label': Variable('label'),
        'host': Variable('host'),
        'segment': Variable('segment'),
        'base_url': Variable('base_url'),
        'enum': Variable('enum', choices=('us', 'eu')),
        'ending': Variable('enum', choices=('com', 'eu', 'com.au')),
        'bad_ending': Variable('enum', choices=('com', 'local', 'a b')),
    }
