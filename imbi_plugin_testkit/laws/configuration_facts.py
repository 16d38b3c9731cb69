"""Laws of a configuration plugin about what goes with a value."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import (
    OPEN_AND_SECRET,
    Words,
    any_of,
    with_values,
    worded,
)
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._calls import (
    data_types,
    plain_type,
    secret_types,
    tells_data_types,
)
from imbi_plugin_testkit.laws._store import Store
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from imbi_plugin_sdk.handlers.configuration import ConfigKey
    from imbi_plugin_testkit.lab import Lab

TYPES = ('configuration',)

WRITES = 4
"""Times that a key is written to see its time go on."""

TICK = 0.002
"""Seconds between two writes whose times are compared: above the resolution
of every clock in use but Windows' (15 ms), where times are then equal."""


@check(
    'CFG010',
    title='a secret stays secret, and a data type what it was set to',
    fix='Store secrecy and data type with the value, and look before you '
    'overwrite: a secret stays one until its key is deleted.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    security=True,
)
async def secrecy_survives(lab: Lab) -> AsyncIterator[Finding]:
    """An operator's secret is never shown as plain text by accident.

    A value is secret when its data type is, or when it was set with
    `secret=True`; the default `secret=False` asks for nothing, so writing
    over a secret leaves it one, time after time, and in another data type
    too. Every listing must say so, and name the data type that was set last;
    of a secret it may name a secret type. What is refused with a typed error
    is left out, and a store may keep everything secret.
    """
    store = Store(lab)
    trails = {store.key(): steps for steps in _trails(lab)}
    expected: dict[str, Expected] = {}
    for number in range(max(map(len, trails.values()))):
        # Looking before overwriting takes a store that tells.
        await lab.settle()
        for key, steps in trails.items():
            data_type, asks = steps[number]
            value = store.value(str(number), data_type=data_type, secret=asks)
            if (await store.try_set(key, value)).error is None:
                before = expected.get(key)
                expected[key] = Expected.after(lab, before, data_type, asks)
        for finding in await _kept(store, expected):
            yield finding
            return


@dataclasses.dataclass(frozen=True, slots=True)
class Expected:
    """What listings must say of a key.

    Attributes:
        asked: How it was set last, for a message.
        secret: Whether it must be secret.
        data_types: What its data type may be.
    """

    asked: str
    secret: bool
    data_types: AbstractSet[str]

    @classmethod
    def after(
        cls,
        lab: Lab,
        before: Expected | None,
        data_type: str,
        asks: bool,  # noqa: FBT001  as `ConfigValue.secret`
    ) -> Expected:
        """Return what is expected after one more write."""
        kinds = secret_types(lab)
        secret = asks or data_type in kinds
        secret = secret or (before is not None and before.secret)
        return cls(f'{data_type!r}, secret={asks}', secret, {data_type})

    def fault(self, lab: Lab, item: ConfigKey | None) -> str:
        """Return what is wrong with an item; blank if nothing is."""
        if item is None:
            return 'is not there'
        if self.secret and not item.secret:
            return with_values(
                f'is not secret after it was set as {self.asked}; it was '
                'asked to be before, and nobody may undo that but by '
                'deleting it',
                *OPEN_AND_SECRET,
            )
        allowed = {*self.data_types}
        if item.secret:
            allowed |= secret_types(lab)
        if tells_data_types(lab) and item.data_type not in allowed:
            found = f'has the data type {item.data_type!r}'
            return with_values(
                f'{found} after it was set as {self.asked}',
                item.data_type,
                any_of(allowed),
            )
        return ''


def _trails(lab: Lab) -> list[list[tuple[str, bool]]]:
    """Return how keys are written one time after the other.

    Each is a data type and whether a secret is asked for.
    """
    plain, kinds = plain_type(lab), data_types(lab)
    after = [(plain, False), (kinds[-1], False), (plain, True)]
    after += [(kind, False) for kind in dict.fromkeys((plain, kinds[0]))]
    return [
        [(first, asked), (first, False), *after]
        for first in kinds
        for asked in (False, True)
        # To ask for a secret of a secret type asks for nothing more.
        if not (asked and first in secret_types(lab))
    ]


async def _kept(
    store: Store, expected: Mapping[str, Expected]
) -> list[Finding]:
    """Return where a listing does not tell what was set; one fault each."""

    def faults(items: Sequence[ConfigKey]) -> dict[str, str]:
        found = {item.key: item for item in items}
        told = {
            key: one.fault(store.lab, found.get(key))
            for key, one in expected.items()
        }
        return {key: fault for key, fault in told.items() if fault}

    def holds(items: Sequence[ConfigKey]) -> bool:
        return not faults(items)

    keys = [*expected]
    return [
        Finding(path, worded(f'{key!r} {fault}.', fault))
        for path, items in (
            ('list_keys()', await store.settled_list(holds)),
            ('get_values(keys)', await store.settled_get(keys, holds)),
            ('get_values(None)', await store.settled_get(None, holds)),
        )
        for key, fault in [*faults(items).items()][:1]
    ]


@check(
    'CFG011',
    title='last_modified never goes back',
    fix='Return the time of the write that made the current value, as the '
    'store keeps it, with its time zone.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
)
async def time_goes_on(lab: Lab) -> AsyncIterator[Finding]:
    """A key that is written again is not older than before.

    Operators look for what changed last. A key is written several times, to
    a new value, to the same and to an earlier one, and deleted and made
    anew; what each method says of its time is held against what the same
    method said before, since two clocks may be apart. Equal times pass, a
    time that is not told passes, and where the backend declares a lag, times
    may differ by it.
    """
    store = Store(lab)
    key, beside = store.key(), store.key()
    await store.set(beside, 'beside')
    texts = ['one', 'two', 'two', 'one', 'three'][: WRITES + 1]
    latest: dict[str, dt.datetime] = {}
    for number, text in enumerate(texts):
        await asyncio.sleep(TICK)
        if number == WRITES:
            await store.delete(key)
        returned = await store.set(key, text)
        seen: dict[str, dt.datetime | None] = {
            'set_value().last_modified': returned.last_modified
        }
        await lab.settle()
        for path, items in (
            ('list_keys()', await store.listing()),
            ('get_values(None)', await store.get()),
            ('get_values([key])', await store.get([key])),
        ):
            for item in items:
                if item.key == key:
                    seen[f'{path}.last_modified'] = item.last_modified
        for path, moment in seen.items():
            # A datetime without zone is ASY002's to find.
            if moment is None or moment.utcoffset() is None:
                continue
            before = latest.get(path, moment)
            back = (before - moment).total_seconds()
            if back > lab.limits.consistency_lag:
                yield Finding(
                    path,
                    f'after another write it is {moment.isoformat()}, and '
                    f'was {before.isoformat()}; it must not go back.',
                ).comparing(moment, Words(f'{before.isoformat()} or later'))
                return
            latest[path] = moment
