"""Laws of a configuration plugin about what lies beside a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import shown
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import NOTHING, picked
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._escapes import Trial
from imbi_plugin_testkit.laws._keys import (
    other_environments,
    relatives,
    stem,
)
from imbi_plugin_testkit.laws._store import (
    Store,
    is_typed,
    names,
    values,
)
from imbi_plugin_testkit.laws._verdicts import differing, some_keys
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from imbi_plugin_testkit.lab import Answer, Lab

TYPES = ('configuration',)

ANY = ''
"""Stands for a value that is not judged."""

LONG_ENOUGH = 12
"""Characters of a random text that is nowhere by accident, also as a part."""


@check(
    'CFG008',
    title='writing or deleting a key leaves keys with a similar name alone',
    fix='Compare whole keys: no prefixes, patterns or folded case. Ask for '
    'one item by its full name, and end a path with its separator where '
    'everything below it is meant.',
    law=True,
    types=TYPES,
    requires=(*CALLABLE, 'CFG004'),
)
async def siblings_are_left_alone(lab: Lab) -> AsyncIterator[Finding]:
    """A key is one key, and not all that begin or look like it.

    Deleting `db` must not delete `db_password`, nor what is below `db/`. A
    handler that asks by prefix, by a pattern in which `_` and `.` stand for
    any character, or without regard to case does so in silence. Longer and
    shorter keys, keys below, case variants (as far as the backend has them)
    are made; each is written and deleted in turn, and the others must stay
    as they were. What the store refuses with a typed error is left out.
    """
    store = Store(lab)
    base = stem(lab)
    held: dict[str, str] = {}
    whats = {'the key': base, **relatives(lab, base)}
    for number, (what, key) in enumerate(whats.items()):
        value = store.value(f'{number}')
        if what == 'the key':
            await store.set(key, value)
        elif (await store.try_set(key, value)).error is not None:
            continue
        held[key] = value.value
    async for finding in _unlike(store, held, 'after each was set once'):
        yield finding
        return
    async for finding in _write_each(store, held):
        yield finding
        return
    for gone, missing in (
        ([*held][::2], []),
        ([*held][1::2], [*held][::2]),
    ):
        for key in missing:
            await store.set(key, held[key])
        async for finding in _delete(store, held, gone):
            yield finding
            return


async def _write_each(
    store: Store, held: dict[str, str]
) -> AsyncIterator[Finding]:
    """Write each key, in both orders.

    What one write does to another key, the write of that key may hide, but
    in one of the two orders only.
    """
    for way in (list(held), list(held)[::-1]):
        for key in way:
            held[key] = f'{held[key]}+'
            await store.set(key, held[key])
        what = f'after all were set, {way[-1]!r} last'
        async for finding in _unlike(store, held, what):
            yield finding
            return


async def _delete(
    store: Store, held: dict[str, str], gone: Sequence[str]
) -> AsyncIterator[Finding]:
    """Delete every other key."""
    left = {key: text for key, text in held.items() if key not in gone}
    for key in gone:
        await store.delete(key)
    what = f'after {some_keys(gone)} was deleted'
    async for finding in _unlike(store, left, what):
        yield finding


async def _unlike(
    store: Store, held: Mapping[str, str], what: str
) -> AsyncIterator[Finding]:
    """Yield where keys are not as they must be."""
    # A deletion of too much may show up late.
    await store.lab.settle()
    for path, items in (
        ('get_values(keys)', await store.get_in_parts([*held])),
        ('get_values(None)', await store.get()),
    ):
        found = {k: v for k, v in values(items).items() if k in held}
        for key in sorted(differing(found, dict(held)))[:1]:
            is_now = shown(found[key]) if key in found else 'not there'
            yield Finding(
                path,
                f'{what}, {key!r} is {is_now}, and was set to '
                f'{shown(held[key])}; what is done to a key with a similar '
                'name must not touch it.',
            ).comparing(found.get(key, NOTHING), held[key])
            return


@check(
    'CFG009',
    title='a key cannot reach out of its project',
    fix='Refuse keys with empty, `.` and `..` segments, a leading separator '
    'or a control character with ValueError before anything is asked for; '
    'quote what goes into a URL.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    security=True,
    needs=frozenset({'snapshot'}),
)
async def keys_cannot_escape(lab: Lab) -> AsyncIterator[Finding]:
    """No key reads, changes or deletes what belongs to somebody else.

    Whoever may set configuration of one project chooses the key, and a path
    is made of it. Keys that climb out of the prefix (`..`), begin at the
    root, hold empty segments, NUL or the syntax of URLs, and the path of
    another project's item itself, are read, set and deleted. Two outcomes
    pass: a typed refusal, or, in a store that has no such notion, a key like
    any other: read and listed under exactly this name, and gone once it is
    deleted. Either way the rest of the backend stays as it was.
    """
    store, victim = Store(lab), Store(lab, 'victim')
    own, theirs = stem(lab), stem(lab)
    await store.set(own, 'own')
    await victim.set(theirs, 'theirs')
    await lab.settle()
    trial = Trial(store, own, dict(await lab.snapshot()))
    trial.aim(victim, theirs)
    for act, what in (
        (trial.read, 'get_values'),
        (trial.write, 'set_value'),
        (trial.delete, 'delete_key'),
    ):
        told = False
        async for finding in act():
            told = True
            yield finding
        await lab.settle()
        for finding in await trial.damage(await lab.snapshot(), what):
            if not told:
                yield finding
            told = True
        if told:
            return


@check(
    'CFG012',
    title='projects and environments do not see each other',
    fix='Make the path of project, environment and key with separators that '
    'none of them can hold, and end it with one before you ask for all '
    'that is below.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    security=True,
)
async def tenants_are_isolated(lab: Lab) -> AsyncIterator[Finding]:
    """What one project or environment writes, no other one sees.

    The same key and others are set in several projects, of which one's name
    begins with another's, and in two environments of each, so that project,
    environment and key put together without separators would meet. Each
    place reads and lists its own values and nothing of the others, and
    deleting in one takes nothing away elsewhere. Environments are compared
    where the sandbox's context has one.
    """
    places = {name: store async for name, store in _places(lab)}
    shared = stem(lab)
    held: dict[str, dict[str, str]] = {}
    for name, store in [*places.items()]:
        held[name] = {shared: _marker(lab), stem(lab): _marker(lab)}
        for key, text in held[name].items():
            answer = await store.try_set(key, store.value(text))
            if _refuses_environment(store, answer):
                del places[name], held[name]
                break
            lab.must(answer)
    what = 'after each was set'
    async for finding in _mixed(lab, places, held, what, asking=True):
        yield finding
        return
    first, *others, _ = places
    for gone in ([first], others):
        for name in gone:
            await places[name].delete(shared)
            # Whether it is gone there is CFG007's to judge.
            held[name][shared] = ANY
        what = f'after {shared!r} was deleted in {" and ".join(gone)}'
        async for finding in _mixed(lab, places, held, what):
            yield finding
            return


def _marker(lab: Lab) -> str:
    """Return a value that is known wherever it turns up."""
    return f'{lab.rng.getrandbits(4 * LONG_ENOUGH):0{LONG_ENOUGH}x}'


async def _places(lab: Lab) -> AsyncIterator[tuple[str, Store]]:
    """Yield projects and environments whose names are easy to mix up."""
    projects = [lab.tenant(label) for label in ('p', 'p0', 'p-kit')]
    for context in (*projects, *other_environments(lab, projects[0])):
        store = Store(lab, context=context)
        name = f'{context.project_slug!r}'
        if context.environment:
            name += f' in {context.environment!r}'
        if context.environment != lab.context.environment:
            answer = await store.attempt('list_keys')
            if _refuses_environment(store, answer):
                continue
        lab.on_cleanup(store.clear)
        yield name, store


def _refuses_environment(store: Store, answer: Answer) -> bool:
    """Return whether a made-up environment is none at the backend.

    One that is listed as blank may be refused when it is written to.
    """
    lab, name = store.lab, store.context.environment
    if name == lab.context.environment or answer.error is None:
        return False
    if is_typed(answer.error):
        lab.note(f'the backend has no environment {name!r}')
        return True
    return False


async def _mixed(
    lab: Lab,
    places: Mapping[str, Store],
    held: Mapping[str, Mapping[str, str]],
    what: str,
    *,
    asking: bool = False,
) -> AsyncIterator[Finding]:
    """Yield where a place has more or less than its own.

    Others' keys are asked for by name only where it is wanted: what was not
    there does not come by a deletion.
    """
    await lab.settle()
    every = {key for own in held.values() for key in own}
    for name, store in places.items():
        own = held[name]
        # What is another's, also where it comes under another name.
        foreign = sorted(every - own.keys())
        marks = [
            text
            for place, other in held.items()
            for text in (*other, *other.values())
            if place != name and text not in own and len(text) >= LONG_ENOUGH
        ]
        listing = names(await store.listing())
        unasked = {key: text for key, text in own.items() if text == ANY}
        asked = [key for key in own if key not in unasked]
        intruding: Any = None
        if asking:
            intruding = (await store.attempt('get_values', foreign)).result
        for path, found in (
            ('list_keys()', {key: own.get(key, '') for key in listing}),
            ('get_values(None)', values(await store.get())),
            ('get_values(keys)', values(await store.get(asked)) | unasked),
            ('get_values(keys)', values(intruding or ()) | {**own}),
        ):
            seen = {
                key: text
                for key, text in found.items()
                if key in every or any(mark in key + text for mark in marks)
            }
            odd = {
                key
                for key in differing(seen, dict(own))
                if own.get(key) != ANY or seen.get(key) in marks
            }
            if odd:
                yield Finding(
                    path,
                    f'{what}, project {name} differs from what was set there '
                    f'in {some_keys(odd)}; a place sees its own keys and '
                    'values, and nothing of another.',
                ).comparing(*picked(odd & own.keys(), seen, own))
                return
