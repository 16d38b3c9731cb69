"""Reading what is stored: listings and gets (CFG004 to CFG006)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import counted
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import picked
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._partway import listed_partway
from imbi_plugin_testkit.laws._store import (
    Store,
    duplicates,
    names,
    values,
)
from imbi_plugin_testkit.laws._verdicts import (
    asked_for,
    differing,
    facts_of,
    some_keys,
)
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from imbi_plugin_testkit.lab import Lab

TYPES = ('configuration',)


@check(
    'CFG004',
    title='list_keys and get_values(None) name the same keys, all of them',
    fix="Follow the backend's pages to the end, in both methods, and let no "
    'key come twice.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def listings_are_complete(lab: Lab) -> AsyncIterator[Finding]:
    """Both listings have every key once, beyond one page of the backend.

    More keys are made than two pages of the backend hold. What a listing
    leaves out, an operator takes for deleted and sets again; what it repeats,
    the host shows twice; also where the backend begins to fail between two
    pages (if the sandbox can make it, and tells URLs), unless it is an error.
    """
    store = Store(lab)
    made = {
        store.key(): str(number)
        for number in range(2 * lab.limits.page_size + 1)
    }
    await store.fill(made)
    listing = await store.settled_list(
        lambda items: made.keys() <= set(names(items))
    )
    everything = await store.settled_get(
        None, lambda items: made.keys() <= set(names(items))
    )
    for path, items in (
        ('list_keys()', listing),
        ('get_values(None)', everything),
    ):
        missing = made.keys() - set(names(items))
        if missing:
            yield Finding(
                path,
                f'of {counted(len(made), "key")} that were set, '
                f'{len(missing)} are missing ({some_keys(missing)}); one '
                f'page of the backend holds {lab.limits.page_size}.',
            ).comparing(sorted(made.keys() - missing), sorted(made))
        repeated = duplicates(items)
        if repeated:
            yield Finding(
                path,
                f'{some_keys(repeated)} came more than once; each key comes '
                'once.',
            ).comparing(names(items), sorted(set(names(items))))
    only = set(names(listing)) ^ set(names(everything))
    if only - made.keys():
        yield Finding(
            'list_keys()',
            f'{some_keys(only - made.keys())} came from one of list_keys and '
            'get_values(None) only; both must name the same keys.',
        ).comparing(names(listing), names(everything))
    async for finding in listed_partway(store, made.keys()):
        yield finding


@check(
    'CFG005',
    title='get_values(None) is all, [] is none, and missing keys are left out',
    fix='Ask `keys is None` and not `not keys`; leave out what does not exist '
    'instead of raising or inventing it; drop repeated keys.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def get_means_what_it_says(lab: Lab) -> AsyncIterator[Finding]:
    """The argument `keys` of `get_values` has one meaning for each form.

    None is all and `[]` is none: a handler that asks `if not keys` reads out
    every secret where nothing was asked for. Keys that do not exist are left
    out, repeated ones collapse, and reading creates nothing.
    """
    store = Store(lab)
    made = {store.key(): text for text in ('one', 'two', 'three')}
    absent = [store.key(), store.key()]
    await store.fill(made)
    one, two, three = made
    everything = await store.settled_get(
        None, lambda items: made.items() <= values(items).items()
    )
    if not made.keys() <= values(everything).keys():
        missing = made.keys() - values(everything).keys()
        yield Finding(
            'get_values(None)',
            f'{some_keys(missing)} is missing; None asks for all.',
        ).comparing(sorted(made.keys() - missing), sorted(made))
    cases: list[tuple[list[str], str]] = [
        ([], 'asks for none'),
        ([one], 'asks for one'),
        ([one, two, three], 'asks for three'),
        ([absent[0]], 'asks for a key that does not exist'),
        ([absent[0], one, absent[1]], 'asks for keys that do not exist, too'),
        ([one, one, two, one], 'repeats keys'),
    ]
    for keys, what in cases:
        for message in await asked_for(store, keys, what, made):
            yield Finding(f'get_values({keys!r})', message)
    await lab.settle()
    invented = set(names(await store.listing())) & set(absent)
    if invented:
        yield Finding(
            'list_keys()',
            f'{some_keys(invented)} was only asked for, and is there now; '
            'reading must create nothing.',
        )


@check(
    'CFG006',
    title='getting a union is the union of the gets, in any order',
    fix='Ask the backend in batches that it allows, put the answers together, '
    'and match them to keys by name, never by position.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def gets_add_up(lab: Lab) -> AsyncIterator[Finding]:
    """How keys are grouped and ordered in one call changes no answer.

    More keys are asked for than one page of the backend holds, together, in
    two overlapping parts, and in another order. Handlers that match answers
    to keys by position, or that lose the last batch, are found out here.
    """
    store = Store(lab)
    made = {
        store.key(): f'value {number}'
        for number in range(lab.limits.page_size + 1)
    }
    await store.fill(made)
    keys = list(made)
    whole = await store.settled_get(keys, lambda items: values(items) == made)
    await lab.settle()  # another replica may lag behind still
    lab.rng.shuffle(keys)
    middle = len(keys) // 2
    left, right = keys[: middle + 1], keys[middle:]
    parts = facts_of(await store.get(left)) | facts_of(await store.get(right))
    together = facts_of(whole)
    for what, one in (
        ('the union of two gets', parts),
        ('the same keys in another order', facts_of(await store.get(keys))),
        ('the same keys backwards', facts_of(await store.get(keys[::-1]))),
    ):
        odd = differing(one, together)
        if odd:
            yield Finding(
                'get_values(keys)',
                f'{what} gives another answer than one get of all '
                f'{counted(len(keys), "key")}: it differs in '
                f'{some_keys(odd)}.',
            ).comparing(*picked(odd, one, together))
    wrong = {key for key in made if values(whole).get(key) != made[key]}
    if wrong:
        yield Finding(
            'get_values(keys)',
            f'of {counted(len(keys), "key")} asked for at once, '
            f'{some_keys(wrong)} is missing or has the value of another; one '
            f'page of the backend holds {lab.limits.page_size}.',
        ).comparing(*picked(wrong, values(whole), made))
