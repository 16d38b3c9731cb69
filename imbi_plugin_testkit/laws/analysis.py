"""The law of an analysis plugin (ANA001)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import listed
from imbi_plugin_sdk.errors import PluginRemediationNotSupported
from imbi_plugin_sdk.handlers.analysis import AnalysisResultItem
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import picked
from imbi_plugin_testkit.lab.answers import HandlerFailed
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._projects import differing
from imbi_plugin_testkit.model import Finding, Untestable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from imbi_plugin_sdk.handlers.analysis import RemediationOffer
    from imbi_plugin_testkit.lab import Lab

RUNS = 3
"""How often a project is judged: what toggles is found by the third."""


@check(
    'ANA001',
    title='findings are stable, analysing changes nothing, offers are kept',
    fix='Name a finding after what is looked at, never by number, time or '
    'what was seen; refuse every id that is no offer with '
    'PluginRemediationNotSupported before anything else.',
    law=True,
    types=('analysis',),
    requires=CALLABLE,
)
async def analysis_keeps_its_word(lab: Lab) -> AsyncIterator[Finding]:
    """The host keeps findings by slug, and calls remedies by their id.

    A project is judged several times while nothing changes: slugs must be
    unique, and they and the ids of remedies the same each time, or a finding
    that somebody muted comes back and a button that was shown leads nowhere.
    Order, texts and statuses are free. Judging must not change the remote. An
    id that is no offer, also one that is nearly one, must be refused with
    PluginRemediationNotSupported, and change nothing. Where the sandbox has an
    example for `remediate`, each offer that is not destructive is accepted:
    any result passes, `failed` too.
    """
    before, cannot = await _seen(lab)
    runs = [await _analysed(lab) for _ in range(RUNS)]
    await lab.settle()
    after, _ = await _seen(lab)
    if before is not None and after is not None and after != before:
        yield Finding(
            'analyze()',
            f'analyze changed what the remote holds: '
            f'{differing(before, after)}; it must change nothing.',
        ).comparing(sorted(map(str, after)), sorted(map(str, before)))
    for finding in _slugs(runs[0]):
        yield finding
    if after == before:
        for finding in _unlike(runs):
            yield finding
    if cannot is not None:
        raise cannot
    offers = {
        item.remediation.id: item.remediation
        for item in runs[-1]
        if item.remediation is not None
    }
    async for finding in _refused(lab, offers):
        yield finding
    async for finding in _accepted(lab, offers):
        yield finding


async def _seen(
    lab: Lab,
) -> tuple[Mapping[str, Any] | None, Untestable | None]:
    """Return a snapshot, or why there is none: slugs are judged anyway."""
    try:
        return await lab.snapshot(), None
    except Untestable as reason:
        return None, reason


async def _analysed(lab: Lab) -> list[AnalysisResultItem]:
    """Return the findings of one run.

    Raises:
        HandlerFailed: It raised, or what came is no list of findings.
    """
    answer = await lab.attempt('analyze')
    found = lab.must(answer)
    if isinstance(found, (list, tuple)) and all(
        isinstance(item, AnalysisResultItem)
        for item in found  # pyright: ignore[reportUnknownVariableType]
    ):
        return [*found]  # pyright: ignore[reportUnknownArgumentType]
    finding = Finding('analyze()', 'it must return AnalysisResultItem.')
    raise HandlerFailed(answer, finding)


def _slugs(items: list[AnalysisResultItem]) -> Iterator[Finding]:
    slugs = [item.slug for item in items]
    for slug in sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        yield Finding(
            'analyze().slug',
            f'{slug!r} names {slugs.count(slug)} findings of one run; slugs '
            'must be unique.',
        ).comparing(sorted(slugs), sorted(set(slugs)))


def _unlike(runs: list[list[AnalysisResultItem]]) -> Iterator[Finding]:
    """Yield what is not the same in every run."""
    facts = [
        {
            item.slug: item.remediation.id if item.remediation else None
            for item in items
        }
        for items in runs
    ]
    for other in facts[1:]:
        odd = facts[0].keys() ^ other.keys()
        if odd:
            yield Finding(
                'analyze().slug',
                'nothing changed, and another run has other slugs '
                f'({_some(odd)} in one of them only); slugs must be stable.',
            ).comparing(sorted(other), sorted(facts[0]))
            return
        changed = {slug for slug in other if other[slug] != facts[0][slug]}
        if changed:
            yield Finding(
                'analyze().remediation',
                'nothing changed, and another run offers another remedy for '
                f'{_some(changed)}; the id must be stable, since the user '
                'may ask for it later.',
            ).comparing(*picked(changed, other, facts[0]))
            return


def _some(names: set[str]) -> str:
    return listed(map(repr, sorted(names)[:3]), last='and')


async def _refused(
    lab: Lab, offers: Mapping[str, RemediationOffer]
) -> AsyncIterator[Finding]:
    tried = [lab.key('remedy'), '']
    for name in sorted(offers)[:1]:
        tried += [f'{name}x', name[:-1], f'{name} ', name.swapcase()]
    before = await lab.snapshot()
    for name in tried:
        if name in offers:
            continue
        answer = await lab.attempt('remediate', name)
        if isinstance(answer.error, PluginRemediationNotSupported):
            continue
        how = (
            f'raised {described(answer.error, lab.secrets)}'
            f'{lab.place(answer.error)}'
            if answer.error is not None
            else 'accepted it'
        )
        yield Finding(
            'remediate(remediation_id)',
            f'{name!r} is the id of no offer, and remediate {how}; it must '
            'raise PluginRemediationNotSupported.',
        )
    await lab.settle()
    after = await lab.snapshot()
    if after != before:
        yield Finding(
            'remediate(remediation_id)',
            'remediate was given ids that are no offers, and the remote is '
            f'different: {differing(before, after)}; it must refuse before '
            'it changes anything.',
        ).comparing(sorted(map(str, after)), sorted(map(str, before)))


async def _accepted(
    lab: Lab, offers: Mapping[str, RemediationOffer]
) -> AsyncIterator[Finding]:
    examples: Mapping[str, object] = getattr(lab.sandbox, 'examples', {})
    if offers and 'remediate' not in examples:
        lab.note('remedies are not called, for want of an example')
        return
    for name, offer in offers.items():
        if offer.destructive:
            lab.note(f'the remedy {name!r} is destructive and not called')
            continue
        answer = await lab.attempt('remediate', name)
        if answer.error is not None:
            left = [item.remediation for item in await _analysed(lab)]
            if not any(other and other.id == name for other in left):
                lab.note(f'the remedy {name!r} was settled by another one')
                continue
            told = described(answer.error, lab.secrets)
            yield Finding(
                'remediate(remediation_id)',
                f'analyze offers {name!r}, and remediate raised {told}'
                f'{lab.place(answer.error)}; what is offered must be '
                'accepted.',
            )
