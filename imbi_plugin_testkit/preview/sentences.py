"""A provisioning plan in sentences, for those who agree to it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from imbi_plugin_sdk._text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from imbi_plugin_sdk.provisioning import Plan, State

Kind: TypeAlias = Literal[
    'block',
    'choice',
    'create',
    'attach',
    'write',
    'keep',
    'offer',
    'conflict',
    'warning',
]
"""What a sentence is about; `keep` is what is left alone."""


_DIGEST = re.compile('sha256:[0-9a-f]{64}')
"""What the field of an icon holds."""


def told(plan: Plan, state: State) -> Iterator[tuple[Kind, str]]:
    """Yield what a plan does, offers and leaves alone, one by one.

    Args:
        plan: The plan.
        state: What it was drafted from, for the names of what is there.
    """
    yield from _questions(plan)
    names = _names(plan, state)
    for action in plan.actions:
        say = _SAYINGS.get(action.action)
        if say is not None:
            kind, text = say(action, names)
            yield kind, text
    for field in plan.fields:
        if field.decision == 'keep':
            service = names.get(field.service_id, 'the service')
            stays = f'stays {_value(field.before)}: {field.reason}'
            yield 'keep', f'{field.field} of {service} {stays}.'
    for difference in plan.offers:
        yield 'offer', _difference(difference, names)
    for difference in plan.conflicts:
        yield 'conflict', _difference(difference, names)
    for problem in plan.warnings:
        yield 'warning', f'{problem.message} {problem.fix}'
    if not plan.actions and not plan.blocks:
        yield 'keep', 'There is nothing to do.'


def _questions(plan: Plan) -> Iterator[tuple[Kind, str]]:
    """Yield what an operator has to decide first."""
    for problem in plan.blocks:
        yield 'block', f'{problem.message} {problem.fix}'
    for one in plan.choices:
        instance = f', instance {one.instance}' if one.instance else ''
        yield (
            'choice',
            f'{one.slug} (id {one.service_id}{instance}) could be the one to '
            f'{one.how}.',
        )


def _names(plan: Plan, state: State) -> Mapping[str, str]:
    """Return node id to how a sentence calls the node."""
    found = {name: node.slug for name, node in state.plugins.items()}
    found |= {name: node.slug for name, node in state.services.items()}
    for action in plan.actions:
        facts = action.model_dump()
        if 'slug' in facts:
            node = facts.get('service_id') or facts.get('plugin_id')
            found[str(node)] = facts['slug']
    return found


def _value(value: object) -> str:
    if value is None:
        return 'unset'
    if isinstance(value, (dict, list)):
        size = len(value)  # pyright: ignore[reportUnknownArgumentType]
        return '1 entry' if size == 1 else f'{size} entries'
    text = value if isinstance(value, str) else json.dumps(value)
    return 'the stored icon' if _DIGEST.fullmatch(text) else shown(text)


def _difference(difference: Any, names: Mapping[str, str]) -> str:  # noqa: ANN401  a private model
    service = names.get(difference.service_id, 'the service')
    return (
        f'{difference.field} of {service} is {_value(difference.live)}; '
        f'{difference.distribution} has {_value(difference.offered)}: '
        f'{difference.reason}.'
    )


def _service(action: Any, names: Mapping[str, str]) -> str:  # noqa: ANN401  one of many models
    return names.get(action.service_id, 'the service')


def _plugin(action: Any, names: Mapping[str, str]) -> str:  # noqa: ANN401  one of many models
    return names.get(action.plugin_id, 'the plugin')


_SAYINGS: Mapping[
    str, Callable[[Any, Mapping[str, str]], tuple[Kind, str]]
] = {
    'create_service': lambda a, _: (
        'create',
        f'Create the third-party service {a.slug} of {a.vendor}.',
    ),
    'adopt_service': lambda a, n: (
        'attach',
        f'Tie {_service(a, n)}, which is there already, to the template '
        f'{a.template_id}.',
    ),
    'pin_field': lambda a, n: (
        'keep',
        f'{a.field} of {_service(a, n)} is taken for an edit and pinned: no '
        'upgrade changes it.',
    ),
    'set_managed': lambda a, n: (
        'write',
        f'From now on, {_service(a, n)} is '
        f'{"managed" if a.managed else "not managed"} by its manifest.',
    ),
    'set_field': lambda a, n: (
        'write',
        f'Set {a.field} of {_service(a, n)} to {_value(a.value)}.',
    ),
    'clear_field': lambda a, n: (
        'write',
        f'Clear {a.field} of {_service(a, n)}.',
    ),
    'create_plugin': lambda a, _: (
        'create',
        f'Create the {a.plugin_type} plugin {a.slug}, without options.',
    ),
    'claim_plugin': lambda a, n: (
        'attach',
        f'Note that {a.distribution} brings {_plugin(a, n)}.',
    ),
    'attach_plugin': lambda a, n: (
        'attach',
        f'Attach {_plugin(a, n)} to {_service(a, n)}.',
    ),
    'store_icon': lambda a, _: (
        'write',
        f'Store an icon ({a.media_type}, {a.size:,} bytes).',
    ),
}
"""Action to its sentence. What is not here is bookkeeping: it changes nothing
that an operator sees."""
