"""What each ledger of mutants must hold, whatever its laws are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from law_seeds import MUTANT_SEEDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Set as AbstractSet
    from typing import Any


def assert_killed(  # noqa: PLR0913  what is wrong, and where it may show
    judge: Callable[..., Any],
    mutant: object,
    must: AbstractSet[str],
    scope: AbstractSet[str],
    *,
    may: AbstractSet[str] | None = None,
    untestable: AbstractSet[str] = frozenset(),
    **keywords: Any,
) -> None:
    """Hold that each seed kills a mutant, and by which laws.

    That no other law fails is asked for two seeds: all laws take five times
    as long as those that must fail.

    Args:
        judge: The fixture.
        mutant: A handler that is wrong in one thing.
        must: Laws that must fail.
        scope: Laws that are tried.
        may: Laws that may fail, those that must among them; by default no
            others.
        untestable: Laws that need not come to anything.
        keywords: Of the fixture.
    """
    for seed in MUTANT_SEEDS:
        only = set(must) if seed % 10 else scope
        judgement = judge(mutant, seed=seed, only=only, **keywords)
        failed = judgement.failed
        assert must <= failed <= (may or must), (seed, judgement.told())
        assert judgement.untestable.keys() <= untestable, seed


def assert_complete(
    mutants: Iterable[tuple[AbstractSet[str], bool]],
    scope: AbstractSet[str],
) -> None:
    """Hold that each law kills two mutants, an obvious and a subtle one.

    Args:
        mutants: The laws that must fail, and whether it is subtle.
        scope: The laws.
    """
    known = list(mutants)
    for law in scope:
        found = [subtle for ids, subtle in known if law in ids]
        assert len(found) >= 2, law
        assert any(found), f'{law} kills no subtle mutant'
        assert not all(found), f'{law} kills no obvious mutant'
