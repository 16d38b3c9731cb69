"""The whole public API in use. Never executed: the type checkers read it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

from imbi_plugin_sdk import (
    ActionDescriptor,
    AnalysisPlugin,
    AnalysisResultItem,
    AnalysisResultStatus,
    AuthorizationRequest,
    CheckStatus,
    Commit,
    CompareResult,
    ConfigKey,
    ConfigKeyWithValue,
    ConfigurationPlugin,
    ConfigValue,
    ConnectionPlugin,
    ContractError,
    CredentialField,
    CursorExpiredError,
    DataType,
    DeploymentEventStatus,
    DeploymentPlugin,
    DeploymentRun,
    IconError,
    IdentityAuthorizationExpired,
    IdentityAuthorizationPending,
    IdentityCredentials,
    IdentityPlugin,
    IdentityProfile,
    IncidentResult,
    IncidentsPlugin,
    IncidentView,
    LifecyclePlugin,
    LifecycleResult,
    LinkWriteback,
    LogEntry,
    LogFilter,
    LogHistogramBucket,
    LogQuery,
    LogResult,
    LogsPlugin,
    ManifestError,
    OpsLogTemplate,
    PluginAuthenticationFailed,
    PluginContext,
    PluginCredentialsMissing,
    PluginEdgeLabel,
    PluginError,
    PluginIcon,
    PluginIndex,
    PluginManifest,
    PluginNotFoundError,
    PluginOption,
    PluginRateLimited,
    PluginRegistry,
    PluginRemediationNotSupported,
    PluginSchemaCollisionError,
    PluginTimeoutError,
    PluginType,
    PluginUnavailableError,
    PluginVertexLabel,
    PollingDescriptor,
    Problem,
    ProblemsError,
    Ref,
    RefInfo,
    ReleaseInfo,
    RelocationTarget,
    RemediationOffer,
    RemediationResult,
    RemoteDeployment,
    ServiceConnection,
    ServicePlugin,
    ServiceWriteback,
    TemplateVariable,
    ThirdPartyServiceTemplate,
    WebhookActionCallable,
    WebhookActionPlugin,
    WorkflowFile,
    __version__,
    conformance,
    expand_template,
    validate_template,
)
from imbi_plugin_sdk.contract import (
    CONTRACTS,
    contract_for,
    is_implemented,
    methods,
    negotiate,
)
from imbi_plugin_sdk.handlers.webhook import callable_problems

if TYPE_CHECKING:
    from typing import Literal

NOW = dt.datetime.now(dt.UTC)

MANIFEST = PluginManifest(
    slug='made-up',
    name='Made up',
    plugin_type='configuration',
    description='Everything at once',
    auth_type='api_token',
    api_version='>=1.0,<2',
    options=[PluginOption(name='region', label='Region', type='string')],
    credentials=[CredentialField(name='token', label='Token')],
    data_types=[DataType(name='text', label='Text', secret=False)],
    vertex_labels=[
        PluginVertexLabel(
            name='Thing',
            model_ref='made_up.models:Thing',
            indexes=[PluginIndex(fields=['name'], unique=True)],
        )
    ],
    edge_labels=[
        PluginEdgeLabel(name='HAS', from_labels=['A'], to_labels=['B'])
    ],
    ops_log_templates={'set': OpsLogTemplate(label='Set', summary='Set it')},
    icon=PluginIcon(
        package='made_up', resource='icon.svg', media_type='image/svg+xml'
    ),
    third_party_service=ThirdPartyServiceTemplate(
        id='made-up',
        vendor='Made Up',
        category='configuration',
        authorization_endpoint='https://{tenant}.example.com/authorize',
        variables={
            'tenant': TemplateVariable(kind='label', description='Yours')
        },
    ),
)

KIND: PluginType = 'logs'
CHECK: CheckStatus = 'pass'
EVENT: DeploymentEventStatus = 'success'
ANALYSIS: AnalysisResultStatus = 'warn'


class Configuration(ConfigurationPlugin):
    """A handler that subclasses its protocol."""

    manifest = MANIFEST

    async def list_keys(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[ConfigKey]:
        """List keys."""
        if not credentials.get('token'):
            raise PluginCredentialsMissing('token')
        return [ConfigKey(key='a', data_type='text', last_modified=NOW)]

    async def get_values(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        keys: list[str] | None = None,
    ) -> list[ConfigKeyWithValue]:
        """Read values."""
        return [ConfigKeyWithValue(key='a', data_type='text', value='1')]

    async def set_value(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        key: str,
        value: ConfigValue,
    ) -> ConfigKey:
        """Write a value."""
        ctx.service_writeback = ServiceWriteback(
            identifier=key, canonical_url='https://example.com'
        )
        ctx.link_writeback = LinkWriteback(link_key='code', new_url='u')
        return ConfigKey(
            key=key, data_type=value.data_type, secret=value.secret
        )

    async def delete_key(
        self, ctx: PluginContext, credentials: dict[str, str], key: str
    ) -> None:
        """Delete a key."""


class Structural:
    """A handler that only looks like its protocol."""

    manifest: ClassVar[PluginManifest] = MANIFEST

    async def search(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        query: LogQuery,
    ) -> LogResult:
        """Search."""
        entry = LogEntry(timestamp=NOW, message='m', level='info')
        return LogResult(entries=[entry], next_cursor=None, total=1)

    async def schema(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[dict[str, Any]]:
        """Describe the fields."""
        return [{'name': 'level', 'type': 'string'}]

    async def histogram(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        query: LogQuery,
        bucket_count: int = 60,
    ) -> list[LogHistogramBucket]:
        """Count."""
        return [LogHistogramBucket(timestamp=NOW, count=bucket_count)]


class Incidents(IncidentsPlugin):
    """Keyword-only parameters."""

    manifest = MANIFEST

    async def list_incidents(  # noqa: PLR0913  contract v1 signature
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        *,
        start_time: dt.datetime,
        end_time: dt.datetime,
        statuses: list[str] | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> IncidentResult:
        """List incidents."""
        view = IncidentView(
            id='1', title='t', status='s', created_at=start_time, url='u'
        )
        return IncidentResult(incidents=[view], total=1)


class Lifecycle(LifecyclePlugin):
    """One required method, and one default made real."""

    manifest = MANIFEST

    async def on_project_archived(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> LifecycleResult:
        """Archive."""
        return LifecycleResult(status='skipped', artifacts={'url': 'u'})

    async def resolve_relocation_target(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> RelocationTarget | None:
        """Move."""
        return RelocationTarget(link_key='code', identifier='1')


class Analysis(AnalysisPlugin):
    """Offers a remedy."""

    manifest = MANIFEST

    async def analyze(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[AnalysisResultItem]:
        """Judge."""
        offer = RemediationOffer(id='fix', label='Fix', destructive=True)
        return [
            AnalysisResultItem(
                slug='a',
                title='t',
                description='d',
                status=ANALYSIS,
                remediation=offer,
            )
        ]

    async def remediate(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        remediation_id: str,
    ) -> RemediationResult:
        """Mend."""
        if remediation_id != 'fix':
            raise PluginRemediationNotSupported('made-up', remediation_id)
        return RemediationResult(status='fixed', message='done')


class Webhook(WebhookActionPlugin):
    """Lists no action."""

    manifest = MANIFEST

    @classmethod
    def actions(cls) -> list[ActionDescriptor]:
        """List actions."""
        return []


class Connection(ConnectionPlugin):
    """Holds options."""

    manifest = MANIFEST


LOGS: LogsPlugin = Structural()
HANDLERS: list[type[ConfigurationPlugin]] = [Configuration]


async def use_logs(handler: LogsPlugin, ctx: PluginContext) -> int:
    """Call a logs handler as a host does."""
    query = LogQuery(
        start_time=NOW,
        end_time=NOW,
        filters=[LogFilter(field='level', op='eq', value='info')],
    )
    found: LogResult = await handler.search(ctx, {}, query)
    buckets: list[LogHistogramBucket] = await handler.histogram(ctx, {}, query)
    return len(found.entries) + len(buckets)


async def use_deployment(
    handler: DeploymentPlugin, ctx: PluginContext
) -> list[RemoteDeployment]:
    """Call a deployment handler as a host does."""
    kind: Literal['branch'] = 'branch'
    refs: list[Ref] = await handler.list_refs(ctx, {}, kind, query=None)
    commits: list[Commit] = await handler.list_commits(ctx, {}, refs[0].name)
    commit: Commit = await handler.resolve_committish(ctx, {}, 'main')
    result: CompareResult = await handler.compare(
        ctx, {}, commit.sha, commits[0].sha
    )
    run: DeploymentRun = await handler.trigger_deployment(
        ctx, {}, result.head_sha, inputs={'a': 'b'}
    )
    run = await handler.get_deployment_status(ctx, {}, run_id=run.run_id)
    check: CheckStatus = await handler.get_check_status(ctx, {}, commit.sha)
    ref: RefInfo = await handler.create_tag(ctx, {}, commit.sha, 'v1', check)
    release: ReleaseInfo = await handler.create_release(
        ctx, {}, ref.name, 'One', '# One', prerelease=True
    )
    files: list[WorkflowFile] = await handler.list_workflows(ctx, {})
    return await handler.list_recent_deployments(
        ctx, {}, [release.tag, files[0].name, run.status], limit=2
    )


async def use_identity(
    handler: IdentityPlugin, ctx: PluginContext
) -> IdentityCredentials:
    """Call an identity handler as a host does."""
    request: AuthorizationRequest = await handler.authorization_request(
        ctx, {}, 'https://imbi.example.com', scopes=['read']
    )
    polling: PollingDescriptor | None = request.polling
    profile: IdentityProfile
    profile, issued = await handler.exchange_code(
        ctx, {}, request.state, 'https://imbi.example.com', None
    )
    issued = await handler.refresh(ctx, {}, issued.refresh_token or '')
    await handler.revoke(ctx, {}, profile.subject if polling else '')
    return await handler.materialize(
        ctx, {}, issued, db=object(), identity_options={}
    )


async def notify(
    *,
    ctx: PluginContext,
    credentials: dict[str, str],
    external_identifier: str,
    action_config: Any,
    event: dict[str, Any],
) -> None:
    """Handle a delivery."""


ACTION: WebhookActionCallable = notify

CONTEXT = PluginContext(
    project_id='1',
    project_slug='shop',
    org_slug='acme',
    service_plugins=[ServicePlugin(slug='ssm', options={'a': 1})],
    service_connections=[
        ServiceConnection(service_slug='aws', identifier='1')
    ],
    identity=IdentityCredentials(access_token=__version__),
)


def use_contract(registry: PluginRegistry) -> list[str]:
    """Ask about classes and versions."""
    validate_template('${org_slug}')
    found: tuple[Problem, ...] = conformance(Structural, KIND)
    found += callable_problems(notify)
    contract = contract_for('logs', api_version=1)
    promised = contract.capabilities['supports_histogram']
    if all(is_implemented(Structural, name) for name in promised):
        heads = [spec.head() for spec in methods('logs').values()]
    else:
        heads = [negotiate(name, 1).message for name in CONTRACTS]
    return [
        expand_template('${org_slug}', {'org_slug': EVENT}),
        *heads,
        *(f'{problem.path}: {problem.fix}' for problem in found),
        repr(registry),
    ]


def use_errors(error: PluginError) -> float:
    """Tell errors apart."""
    match error:
        case PluginRateLimited():
            return error.retry_at
        case ManifestError() | IconError() | ContractError():
            return len(error.problems)
        case ProblemsError():
            return len(error.subject)
        case (
            CursorExpiredError()
            | IdentityAuthorizationExpired()
            | IdentityAuthorizationPending()
            | PluginAuthenticationFailed()
            | PluginNotFoundError()
            | PluginSchemaCollisionError()
            | PluginTimeoutError()
            | PluginUnavailableError()
        ):
            return error.http_status
        case _:
            return 0


def make_them() -> tuple[Lifecycle, Analysis, Incidents]:
    """Make handlers that leave optional methods to the contract."""
    return Lifecycle(), Analysis(), Incidents()
