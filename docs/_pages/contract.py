"""The pages of the manifest and of the handlers, and the manifest's schema."""

from __future__ import annotations

import inspect
import re
import sys
from typing import TYPE_CHECKING, Any

import pydantic

from _pages.markdown import code, docstring, fields, page, signature
from imbi_plugin_sdk import context, manifest
from imbi_plugin_sdk.contract import CONTRACTS, methods
from imbi_plugin_sdk.handlers import webhook
from imbi_plugin_testkit.checks import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_sdk.contract import Contract

_LAW = re.compile(r'\b[A-Z]{3}\d{3}\b')


def manifest_page() -> str:
    """Return the page of every field that a manifest may have."""
    models = [
        manifest.PluginManifest,
        manifest.PluginOption,
        manifest.CredentialField,
        manifest.DataType,
        manifest.PluginIcon,
        manifest.ThirdPartyServiceTemplate,
        manifest.TemplateVariable,
        manifest.OpsLogTemplate,
        manifest.PluginVertexLabel,
        manifest.PluginIndex,
        manifest.PluginEdgeLabel,
    ]
    return page(
        'Every field of the manifest',
        [
            'All of these are names of `imbi_plugin_sdk`. They are frozen, '
            'and an unknown field is an',
            'error. [manifest.schema.json](manifest.schema.json) says the '
            'same to tools. What follows',
            'from the fields, and how they fit together, is on '
            '[the contract](contract.md).',
        ],
        *(part for model in models for part in _model(model)),
    )


def handlers_page() -> str:
    """Return the page of what every handler owes, type by type."""
    blocks: list[list[str]] = []
    for contract in CONTRACTS.values():
        blocks += _contract(contract)
    text = page(
        'Every handler',
        [
            'What each plugin type owes, from the protocols themselves. '
            'Every method but `actions` is a',
            'coroutine and takes `ctx: PluginContext` and `credentials: '
            'dict[str, str]` first; only what',
            'follows those two is shown. Three letters and three digits name '
            'a law: a linked one is checked',
            'by this kit, the others hold all the same.',
        ],
        *blocks,
        ['## The context'],
        docstring(context.__doc__),
        *(
            part
            for model in (
                context.PluginContext,
                context.IdentityCredentials,
                context.ServicePlugin,
                context.ServiceConnection,
                context.LinkWriteback,
                context.ServiceWriteback,
            )
            for part in _model(model, level=3)
        ),
    )
    return _LAW.sub(_linked, text)


def _linked(match: re.Match[str]) -> str:
    law = match[0]
    return f'[{law}](checks.md#{law.lower()})' if law in catalogue() else law


def _contract(contract: Contract) -> Iterator[list[str]]:
    protocol = contract.protocol
    served = ', '.join(
        f'{major}.{minor}' for major, minor in contract.versions
    )
    yield [f'## {contract.plugin_type}']
    yield [f'Handler: {code(protocol.__name__)}. Contract version: {served}.']
    yield list(docstring(protocol.__doc__))
    for flag, promised in contract.capabilities.items():
        names = ' and '.join(code(name) for name in promised)
        yield [f'The manifest flag {code(flag)} promises {names}.']
    if contract.hooks:
        yield [
            'Lifecycle events and their hooks: '
            + ', '.join(
                f'{code(event)} is {code(hook)}'
                for event, hook in contract.hooks.items()
            )
            + '.'
        ]
    for name, spec in methods(contract.plugin_type).items():
        yield from _method(protocol, name, required=spec.required)
    if contract.plugin_type == 'webhook':
        words = ', '.join(map(code, webhook.WEBHOOK_KEYWORDS))
        yield [f'An action is called with these keywords: {words}.']
    module = sys.modules[protocol.__module__]
    for model in _models(module):
        yield from _model(model, level=3)


def _method(
    protocol: type, name: str, *, required: bool
) -> Iterator[list[str]]:
    member: Any = inspect.getattr_static(protocol, name)
    is_class = isinstance(member, classmethod)
    function = member.__func__ if is_class else member
    word = 'required' if required else 'optional'
    kind = ', class method' if is_class else ''
    yield [f'### {name}', '', f'*{word}{kind}*']
    yield [code(name + signature(function, skip=1 if is_class else 3))]
    entries = list(docstring(function.__doc__))
    skipped = ('- `ctx`:', '- `credentials`:')
    shown = [line for line in entries if not line.startswith(skipped)]
    yield re.sub(r'\n{3,}', '\n\n', '\n'.join(shown)).strip().split('\n')


def _models(module: Any) -> Iterator[type[pydantic.BaseModel]]:  # noqa: ANN401  a module
    """Yield the payload models that belong to a handler's module."""
    for name, found in vars(module).items():
        if (
            isinstance(found, type)
            and issubclass(found, pydantic.BaseModel)
            and found.__module__.startswith(module.__name__)
            and not name.startswith('_')
        ):
            yield found


def _model(
    model: type[pydantic.BaseModel], level: int = 2
) -> Iterator[list[str]]:
    yield [f'{"#" * level} {model.__name__}']
    yield list(docstring(model.__doc__))
    yield list(fields(model))


__all__ = [
    'handlers_page',
    'manifest_page',
]
