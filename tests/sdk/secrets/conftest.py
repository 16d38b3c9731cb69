"""Hand-written tables and made-up values for the detector's tests."""

from __future__ import annotations

import pathlib
import random
import string
from typing import NamedTuple

import pytest

DATA = pathlib.Path(__file__).parent / 'data'
ALNUM = string.ascii_letters + string.digits


class Clean(NamedTuple):
    slot: str
    name: str
    text: str


class Tables:
    """The tables in `data`, read on use."""

    def rows(self, name: str) -> list[list[str]]:
        lines = (DATA / name).read_text('utf-8').splitlines()
        return [
            line.split('\t')
            for line in lines
            if line and not line.startswith('#')
        ]

    @property
    def names_that_pass(self) -> list[str]:
        return [row[0] for row in self.rows('names_that_pass.txt')]

    @property
    def names_that_are_secret(self) -> list[str]:
        return [row[0] for row in self.rows('names_that_are_secret.txt')]

    @property
    def clean(self) -> list[Clean]:
        return [Clean(*row) for row in self.rows('clean_values.tsv')]


class Maker:
    """Makes values that look like secrets, when a test runs."""

    def __init__(self) -> None:
        self.rng = random.Random(12)

    def word(self, size: int, characters: str = ALNUM) -> str:
        return ''.join(self.rng.choices(characters, k=size))

    @property
    def github(self) -> str:
        return 'ghp_' + self.word(36)


@pytest.fixture(scope='session')
def tables() -> Tables:
    return Tables()


@pytest.fixture
def make() -> Maker:
    return Maker()
