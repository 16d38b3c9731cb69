"""The contract between Imbi and its plugins.

Every public name can be imported from here. Names are imported on first use,
so that importing the package alone costs nothing: neither pydantic nor a
handler.
"""
# ruff: noqa: I001  one group per module; `as` re-exports to type checkers

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imbi_plugin_sdk.context import (
        IdentityCredentials as IdentityCredentials,
        LinkWriteback as LinkWriteback,
        PluginContext as PluginContext,
        ServiceConnection as ServiceConnection,
        ServicePlugin as ServicePlugin,
        ServiceWriteback as ServiceWriteback,
    )
    from imbi_plugin_sdk.contract import (
        conformance as conformance,
    )
    from imbi_plugin_sdk.errors import (
        ContractError as ContractError,
        CursorExpiredError as CursorExpiredError,
        IconError as IconError,
        IdentityAuthorizationExpired as IdentityAuthorizationExpired,
        IdentityAuthorizationPending as IdentityAuthorizationPending,
        ManifestError as ManifestError,
        PluginAuthenticationFailed as PluginAuthenticationFailed,
        PluginCredentialsMissing as PluginCredentialsMissing,
        PluginError as PluginError,
        PluginNotFoundError as PluginNotFoundError,
        PluginRateLimited as PluginRateLimited,
        PluginRemediationNotSupported as PluginRemediationNotSupported,
        PluginSchemaCollisionError as PluginSchemaCollisionError,
        PluginTimeoutError as PluginTimeoutError,
        PluginUnavailableError as PluginUnavailableError,
        Problem as Problem,
        ProblemsError as ProblemsError,
    )
    from imbi_plugin_sdk.handlers.analysis import (
        AnalysisPlugin as AnalysisPlugin,
        AnalysisResultItem as AnalysisResultItem,
        AnalysisResultStatus as AnalysisResultStatus,
        RemediationOffer as RemediationOffer,
        RemediationResult as RemediationResult,
    )
    from imbi_plugin_sdk.handlers.configuration import (
        ConfigKey as ConfigKey,
        ConfigKeyWithValue as ConfigKeyWithValue,
        ConfigValue as ConfigValue,
        ConfigurationPlugin as ConfigurationPlugin,
    )
    from imbi_plugin_sdk.handlers.connection import (
        ConnectionPlugin as ConnectionPlugin,
    )
    from imbi_plugin_sdk.handlers.deployment import (
        CheckStatus as CheckStatus,
        Commit as Commit,
        CompareResult as CompareResult,
        DeploymentEventStatus as DeploymentEventStatus,
        DeploymentPlugin as DeploymentPlugin,
        DeploymentRun as DeploymentRun,
        Ref as Ref,
        RefInfo as RefInfo,
        ReleaseInfo as ReleaseInfo,
        RemoteDeployment as RemoteDeployment,
        WorkflowFile as WorkflowFile,
    )
    from imbi_plugin_sdk.handlers.identity import (
        AuthorizationRequest as AuthorizationRequest,
        IdentityPlugin as IdentityPlugin,
        IdentityProfile as IdentityProfile,
        PollingDescriptor as PollingDescriptor,
    )
    from imbi_plugin_sdk.handlers.incidents import (
        IncidentResult as IncidentResult,
        IncidentView as IncidentView,
        IncidentsPlugin as IncidentsPlugin,
    )
    from imbi_plugin_sdk.handlers.lifecycle import (
        LifecyclePlugin as LifecyclePlugin,
        LifecycleResult as LifecycleResult,
        RelocationTarget as RelocationTarget,
    )
    from imbi_plugin_sdk.handlers.logs import (
        LogEntry as LogEntry,
        LogFilter as LogFilter,
        LogHistogramBucket as LogHistogramBucket,
        LogQuery as LogQuery,
        LogResult as LogResult,
        LogsPlugin as LogsPlugin,
    )
    from imbi_plugin_sdk.handlers.webhook import (
        ActionDescriptor as ActionDescriptor,
        WebhookActionCallable as WebhookActionCallable,
        WebhookActionPlugin as WebhookActionPlugin,
    )
    from imbi_plugin_sdk.manifest import (
        CredentialField as CredentialField,
        DataType as DataType,
        OpsLogTemplate as OpsLogTemplate,
        PluginEdgeLabel as PluginEdgeLabel,
        PluginIcon as PluginIcon,
        PluginIndex as PluginIndex,
        PluginManifest as PluginManifest,
        PluginOption as PluginOption,
        PluginType as PluginType,
        PluginVertexLabel as PluginVertexLabel,
        TemplateVariable as TemplateVariable,
        ThirdPartyServiceTemplate as ThirdPartyServiceTemplate,
    )
    from imbi_plugin_sdk.registry import (
        PluginRegistry as PluginRegistry,
    )
    from imbi_plugin_sdk.search_templates import (
        expand_template as expand_template,
        validate_template as validate_template,
    )

    __version__: str

_NAMES: dict[str, tuple[str, ...]] = {
    'context': (
        'IdentityCredentials',
        'LinkWriteback',
        'PluginContext',
        'ServiceConnection',
        'ServicePlugin',
        'ServiceWriteback',
    ),
    'contract': ('conformance',),
    'errors': (
        'ContractError',
        'CursorExpiredError',
        'IconError',
        'IdentityAuthorizationExpired',
        'IdentityAuthorizationPending',
        'ManifestError',
        'PluginAuthenticationFailed',
        'PluginCredentialsMissing',
        'PluginError',
        'PluginNotFoundError',
        'PluginRateLimited',
        'PluginRemediationNotSupported',
        'PluginSchemaCollisionError',
        'PluginTimeoutError',
        'PluginUnavailableError',
        'Problem',
        'ProblemsError',
    ),
    'handlers.analysis': (
        'AnalysisPlugin',
        'AnalysisResultItem',
        'AnalysisResultStatus',
        'RemediationOffer',
        'RemediationResult',
    ),
    'handlers.configuration': (
        'ConfigKey',
        'ConfigKeyWithValue',
        'ConfigValue',
        'ConfigurationPlugin',
    ),
    'handlers.connection': ('ConnectionPlugin',),
    'handlers.deployment': (
        'CheckStatus',
        'Commit',
        'CompareResult',
        'DeploymentEventStatus',
        'DeploymentPlugin',
        'DeploymentRun',
        'Ref',
        'RefInfo',
        'ReleaseInfo',
        'RemoteDeployment',
        'WorkflowFile',
    ),
    'handlers.identity': (
        'AuthorizationRequest',
        'IdentityPlugin',
        'IdentityProfile',
        'PollingDescriptor',
    ),
    'handlers.incidents': (
        'IncidentResult',
        'IncidentView',
        'IncidentsPlugin',
    ),
    'handlers.lifecycle': (
        'LifecyclePlugin',
        'LifecycleResult',
        'RelocationTarget',
    ),
    'handlers.logs': (
        'LogEntry',
        'LogFilter',
        'LogHistogramBucket',
        'LogQuery',
        'LogResult',
        'LogsPlugin',
    ),
    'handlers.webhook': (
        'ActionDescriptor',
        'WebhookActionCallable',
        'WebhookActionPlugin',
    ),
    'manifest': (
        'CredentialField',
        'DataType',
        'OpsLogTemplate',
        'PluginEdgeLabel',
        'PluginIcon',
        'PluginIndex',
        'PluginManifest',
        'PluginOption',
        'PluginType',
        'PluginVertexLabel',
        'TemplateVariable',
        'ThirdPartyServiceTemplate',
    ),
    'registry': ('PluginRegistry',),
    'search_templates': (
        'expand_template',
        'validate_template',
    ),
}
"""Module to the public names that it defines; the one table of both."""

_MODULES = {name: module for module, names in _NAMES.items() for name in names}

# Type checkers see the imports above, and a computed list would blind them.
if not TYPE_CHECKING:
    __all__ = ('__version__', *_MODULES)  # noqa: PLE0604  they are strings


def __getattr__(name: str) -> Any:  # noqa: ANN401  it gives any public name
    """Import a public name on first use.

    Raises:
        AttributeError: The package has no such name.
    """
    # Imports wait here because the package must be cheap to import.
    if name == '__version__':
        from importlib.metadata import version  # noqa: PLC0415

        value: object = version('imbi-plugin-sdk')
    elif name in _MODULES:
        from importlib import import_module  # noqa: PLC0415

        module = import_module(f'{__name__}.{_MODULES[name]}')
        value = getattr(module, name)
    elif name.startswith('_'):
        # Protocols of the interpreter ask for names like `__wrapped__`.
        raise AttributeError(f'module {__name__!r} has no name {name!r}.')
    else:
        from imbi_plugin_sdk._text import did_you_mean  # noqa: PLC0415

        raise AttributeError(
            f'module {__name__!r} has no name {name!r}.'
            f'{did_you_mean(name, _MODULES)}'
        )
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(('__version__', *_MODULES))
