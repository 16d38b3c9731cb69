"""Laws of a configuration plugin: a dict per project and environment.

What is set and deleted here; what is read is in `configuration_reading`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import counted, shown
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.lab.answers import fresh
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._calls import data_types
from imbi_plugin_testkit.laws._store import (
    Store,
    names,
    values,
)
from imbi_plugin_testkit.laws._values import LISTED, PLAIN, values_within
from imbi_plugin_testkit.laws._verdicts import (
    disagreements,
    facts_of,
    listing_differs,
    set_all,
    set_as_different_as_possible,
    still_there,
    told,
)
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from imbi_plugin_sdk.handlers.configuration import ConfigKey
    from imbi_plugin_testkit.lab import Lab

TYPES = ('configuration',)


@check(
    'CFG001',
    title='a value is read back exactly as it was set, or refused',
    fix='Store the text as it is: no trimming, no parsing, no change of line '
    'ends or of Unicode form. What the store cannot hold, refuse with '
    'ValueError before anything is written.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def set_then_get_is_exact(lab: Lab) -> AsyncIterator[Finding]:
    """A store gives back what it was given, to the last character.

    A value that comes back trimmed, re-encoded or parsed breaks a password,
    a certificate or a script, long after somebody saved it without an error.
    Tried are plain, empty, padded, Unicode and multi-line text, text that
    looks like something else, and the largest that the backend allows, each
    as a new key and over another's value, and a list in every data type.
    A typed refusal (ValueError or a PluginError) passes, if nothing changed.
    Plain text of the plainest data type must be accepted.
    """
    store = Store(lab)
    await store.set(first := store.key(), PLAIN)
    written: dict[str, str] = {first: PLAIN}
    tried = [
        (what, store.value(text))
        for what, text in values_within(lab.limits, lab.rng)
    ] + [
        (f'a list as {kind!r}', store.value(LISTED, data_type=kind))
        for kind in data_types(lab)
    ]
    keys = [store.key() for _ in tried]
    # The second time, each gets the value that its predecessor has.
    for places in (keys, [*keys[1:], first]):
        for message in await set_all(store, tried, places, written):
            yield Finding('set_value(value)', message)
    async for finding in listing_differs(store, written):
        yield finding


@check(
    'CFG002',
    title='the last write wins, and the same write twice is one',
    fix='Overwrite the value in place; do not append, skip or cache writes.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def last_write_wins(lab: Lab) -> AsyncIterator[Finding]:
    """After several writes to a key, the last one is what is there, once.

    Each write goes to a fresh handler, so that nothing but the store can
    remember. The values go back to an earlier one and are repeated, because
    stores that skip writes of known values, or that keep versions side by
    side, are only found out that way.
    """
    store = Store(lab)
    key, other = store.key(), store.key()
    steps = [
        (key, 'one'),
        (other, 'beside'),
        (key, 'two'),
        (key, 'two'),
        (other, 'one'),
        (key, 'one'),
        (key, 'o'),
    ]
    last: dict[str, str] = {}
    for name, text in steps:
        await store.set(name, text)
        last[name] = text
        found = values(
            await store.settled_get(
                [*last], lambda items: values(items) == last
            )
        )
        for wanted_key, wanted in last.items():
            if found.get(wanted_key) != wanted:
                yield Finding(
                    f'get_values([{wanted_key!r}])',
                    f'after {name!r} was set to {text!r}: the last write was '
                    f'{wanted!r}, read {shown(found.get(wanted_key))}.',
                ).comparing(found.get(wanted_key), wanted)
                return
    await lab.settle()
    for path, items in (
        ('list_keys()', await store.listing()),
        ('get_values(None)', await store.get()),
        ('get_values(keys)', await store.get([key, other])),
    ):
        counts = {name: names(items).count(name) for name in (key, other)}
        for name, count in counts.items():
            if count != 1:
                yield Finding(
                    path,
                    f'{name!r} was set several times and is there '
                    f'{counted(count, "time")}; it must be there once.',
                ).comparing(names(items), sorted({*names(items), name}))


@check(
    'CFG003',
    title='what set_value returns agrees with the next listing',
    fix='Return the key as the store now has it: without prefix, with the '
    'data type and secrecy that were stored.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def set_returns_what_is_listed(lab: Lab) -> AsyncIterator[Finding]:
    """The host shows what `set_value` returns until it lists again.

    Compared are key, data type and secrecy, for every data type, for a value
    that is asked to be secret, and for an overwrite that does not ask;
    `last_modified` only where both tell it, and to five minutes, since a
    handler may take it from its own clock.
    """
    store = Store(lab)
    keys = {store.key(): data_type for data_type in data_types(lab)}
    returned: dict[str, ConfigKey] = {}
    plain = store.key()
    returned[plain] = await store.set(plain, PLAIN)
    for text, secret in (('one', False), ('two', True), ('three', False)):
        for key, data_type in keys.items():
            value = store.value(text, data_type=data_type, secret=secret)
            answer = await store.try_set(key, value)
            # Refusals are CFG001's to judge.
            if answer.error is None:
                returned[key] = answer.result
        for finding in await disagreements(store, returned):
            yield finding
        returned.clear()


@check(
    'CFG007',
    title='a deleted key is gone; made anew it carries only its new value',
    fix='Delete the value with all that belongs to it, also where the store '
    'keeps versions; take a key that is not there for deleted.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def deleted_is_gone(lab: Lab) -> AsyncIterator[Finding]:
    """What was deleted is nowhere, and deleting it again succeeds.

    An operator deletes a leaked secret and must be able to rely on it. A key
    made anew is compared with one that never existed before: same value, data
    type and secrecy, so that nothing of the deleted one shines through.
    Deleting a key that never existed succeeds and creates nothing.
    """
    store = Store(lab)
    key, beside, never, control = (store.key() for _ in range(4))
    await store.set(beside, 'beside')
    await set_as_different_as_possible(store, key)
    await lab.settle()
    await store.delete(key)
    async for finding in still_there(store, key, 'was deleted'):
        yield finding
    for name, what in ((key, 'that was deleted'), (never, 'never there')):
        answer = await lab.attempt(
            'delete_key', name, ctx=fresh(store.context)
        )
        if answer.error is not None:
            error = f'{type(answer.error).__name__}{lab.place(answer.error)}'
            yield Finding(
                'delete_key(key)',
                f'deleting a key {what} raised {error}; it must succeed.',
            )
    async for finding in still_there(store, never, 'was only deleted'):
        yield finding
    await store.set(control, 'anew')
    await store.set(key, 'anew')
    wanted = {key, beside, control}
    found = await store.settled_get(
        [key, control, beside],
        lambda items: (
            values(items).get(key) == 'anew' and set(names(items)) == wanted
        ),
    )
    facts = facts_of(found)
    if facts.get(key) != facts.get(control):
        yield Finding(
            'set_value(key)',
            'a key made anew after it was deleted is '
            f'{told(facts.get(key))}, and one that never existed is '
            f'{told(facts.get(control))}; nothing of the deleted one may '
            'be left.',
        ).comparing(facts.get(key), facts.get(control))
    if beside not in facts:
        yield Finding(
            'delete_key(key)',
            'deleting one key took another one away, too.',
        )
