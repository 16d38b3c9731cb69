"""The table of the three-way merge, cell by cell."""

from __future__ import annotations

import itertools

import pytest

from imbi_plugin_sdk.provisioning.merge import TABLE, Field, merge_field

A, B, C = 'a', ['b'], {'c': 'c'}
VALUES = (None, A, B, C)


@pytest.mark.parametrize(
    ('sides', 'unmanaged', 'managed'),
    [
        # live is as the manifest has it
        ((A, A, A, False), 'converged', 'converged'),
        ((A, A, A, True), 'converged', 'converged'),
        ((A, B, A, False), 'converged', 'converged'),
        ((A, None, A, True), 'converged', 'converged'),
        ((None, A, None, True), 'converged', 'converged'),
        # edited, the manifest has nothing new
        ((B, A, A, False), 'keep', 'keep'),
        ((B, A, A, True), 'keep', 'keep'),
        ((None, A, A, False), 'keep', 'keep'),
        ((None, A, A, True), 'keep', 'keep'),
        ((A, None, None, False), 'keep', 'keep'),
        # edited, the manifest changed
        ((B, A, C, False), 'conflict', 'conflict'),
        ((A, A, C, True), 'conflict', 'conflict'),
        ((None, A, C, False), 'conflict', 'conflict'),
        ((None, None, C, True), 'conflict', 'conflict'),
        ((A, A, None, True), 'conflict', 'conflict'),
        ((B, None, C, False), 'conflict', 'conflict'),
        # not edited, the manifest differs
        ((A, A, B, False), 'offer', 'write'),
        ((None, None, A, False), 'offer', 'write'),
        ((A, A, None, False), 'offer', 'clear'),
    ],
)
def test_each_kind_of_field_is_decided_as_the_table_says(
    sides, unmanaged, managed
):
    field = Field(*sides)
    assert merge_field(field, managed=False).decision == unmanaged
    assert merge_field(field, managed=True).decision == managed


def cases():
    return itertools.product(
        VALUES, VALUES, VALUES, (False, True), (False, True)
    )


def test_the_base_moves_only_with_a_write_or_a_convergence():
    for live, base, new, pinned, managed in cases():
        merged = merge_field(Field(live, base, new, pinned), managed=managed)
        if merged.base != base:
            assert merged.base == new
            assert merged.decision in {'converged', 'write', 'clear'}
            assert not pinned


def test_only_an_unedited_field_of_a_managed_service_is_written():
    for live, base, new, pinned, managed in cases():
        merged = merge_field(Field(live, base, new, pinned), managed=managed)
        if merged.after != live:
            assert managed
            assert not pinned
            assert live == base
            assert merged.after == new


def test_a_second_merge_with_the_same_manifest_writes_nothing():
    for live, base, new, pinned, managed in cases():
        once = merge_field(Field(live, base, new, pinned), managed=managed)
        again = merge_field(
            Field(once.after, once.base, new, pinned), managed=managed
        )
        assert (again.after, again.base) == (once.after, once.base)


def test_an_unset_field_on_all_sides_is_as_the_manifest_has_it():
    merged = merge_field(Field(None, None, None, pinned=False), managed=True)
    assert merged.decision == 'converged'


def test_the_last_row_takes_every_field():
    for live, base, new, pinned, _ in cases():
        assert TABLE[-1].holds(Field(live, base, new, pinned))
