"""Histories end as the rules say, by an oracle that shares no code."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from provisioning_histories import History


@given(st.randoms(use_true_random=True), st.integers(1, 12))
@settings(max_examples=120)
def test_a_history_ends_as_the_rules_say(chance, length):
    history = History(chance)
    for _ in range(length):
        history.step()
