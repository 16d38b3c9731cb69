"""Plugin type `webhook`: named actions that a webhook rule may call.

The plugin lists its actions; each names by import string a coroutine function,
which the host calls with the keywords of `WEBHOOK_KEYWORDS`, and a pydantic
model for the action's settings (laws WEB001 to WEB003).
"""

import abc
import inspect
from collections.abc import Awaitable, Callable
from typing import ClassVar, Protocol, TypeAlias

import pydantic

from imbi_plugin_sdk._inspection.parameters import call_problems
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.handlers._protocol import base_class
from imbi_plugin_sdk.manifest import PluginManifest

WebhookActionCallable: TypeAlias = Callable[..., Awaitable[None]]
"""A coroutine function that takes each of `WEBHOOK_KEYWORDS` by name."""

WEBHOOK_KEYWORDS = (
    'ctx',
    'credentials',
    'external_identifier',
    'action_config',
    'event',
)
"""The keywords that the host passes, all of them and no other.

`ctx` is the PluginContext and `credentials` a dict of str to str, as for
every handler; `external_identifier` names the remote's object that the event
is about; `action_config` is an instance of the action's `config_model`;
`event` is the body of the delivery.
"""


class ActionDescriptor(pydantic.BaseModel):
    """One action of a webhook plugin.

    Making one imports what it names: an import string that does not resolve
    is a validation error (law WEB001).
    """

    name: str = pydantic.Field(
        pattern='^[a-z][a-z0-9_]*$',
        min_length=1,
        description=(
            'Stable key of the action, unique in the plugin: a rule names it '
            "behind a '#'."
        ),
    )
    label: str = pydantic.Field(
        min_length=1, description='Short title in the rule editor.'
    )
    description: str | None = pydantic.Field(
        default=None, description='What the action does, for the operator.'
    )
    callable: pydantic.ImportString[WebhookActionCallable] = pydantic.Field(
        description=(
            'The coroutine function, as in `my_plugin.actions:notify`; takes '
            'ctx, credentials, external_identifier, action_config and event '
            'by name.'
        )
    )
    config_model: pydantic.ImportString[type[pydantic.BaseModel]] = (
        pydantic.Field(
            description=(
                "The model of the action's settings; it must have a JSON "
                'Schema and reject unknown fields (law WEB002).'
            )
        )
    )


@base_class
class WebhookActionPlugin(Protocol):
    """Offers actions to webhook rules.

    The same delivery twice is one effect, or documented otherwise (WEB003).
    """

    manifest: ClassVar[PluginManifest]

    @classmethod
    @abc.abstractmethod
    def actions(cls) -> list[ActionDescriptor]:
        """List the actions (law WEB001).

        Called on the class, without context and without I/O.

        Returns:
            A fresh list at each call; names are unique.
        """


def callable_problems(
    func: object, where: str = 'callable'
) -> tuple[Problem, ...]:
    """Say everything that keeps an action from being called (law WEB001).

    Nothing is called. Extra optional parameters, `**kwargs` and positional
    parameters of the right names are fine.

    Args:
        func: What an action's `callable` names.
        where: How the problems' paths name it.

    Returns:
        Problems with the codes of `contract.conformance`; empty when the
        host can call it with `WEBHOOK_KEYWORDS`.
    """
    keywords = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY)
        for name in WEBHOOK_KEYWORDS
    ]
    return tuple(call_problems(func, keywords, where))
