"""Plugin type `deployment`: refs, commits, releases and deployment runs.

The model is a graph of commits with refs on it, and runs that move along
their statuses (laws DEP001 to DEP015).
"""
# ruff: noqa: ARG002  a default takes what an override needs

import abc
from typing import ClassVar, Literal, Protocol

from imbi_plugin_sdk.context import PluginContext
from imbi_plugin_sdk.handlers._protocol import base_class
from imbi_plugin_sdk.handlers.deployment_payloads import (
    CheckStatus,
    Commit,
    CompareResult,
    DeploymentEventStatus,
    DeploymentRun,
    Ref,
    RefInfo,
    ReleaseInfo,
    RemoteDeployment,
    WorkflowFile,
)
from imbi_plugin_sdk.manifest import PluginManifest

__all__ = [
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
]


@base_class
class DeploymentPlugin(Protocol):
    """Reads a repository and deploys from it.

    Every method raises PluginCredentialsMissing, PluginAuthenticationFailed,
    PluginRateLimited, PluginTimeoutError and PluginUnavailableError where
    they apply (laws ASY003 and ASY004).
    """

    manifest: ClassVar[PluginManifest]

    @abc.abstractmethod
    async def list_refs(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        kind: Literal['default', 'branch', 'tag', 'all'] = 'all',
        query: str | None = None,
    ) -> list[Ref]:
        """List refs, beyond one page of the remote (DEP001 and DEP002).

        Args:
            ctx: Whose repository.
            credentials: Credential name to value.
            kind: Which ones; `all` is the default branch, the other branches
                and the tags.
            query: Text that narrows the list; None is everything.

        Returns:
            The refs; (kind, name) is unique, and at most one is the default.
        """

    @abc.abstractmethod
    async def list_commits(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        ref: str,
        limit: int = 25,
    ) -> list[Commit]:
        """List the newest commits of a ref (law DEP005).

        Args:
            ctx: Whose repository.
            credentials: Credential name to value.
            ref: A name or a sha.
            limit: The most commits to return.

        Returns:
            The head first, then its ancestors.

        Raises:
            ValueError: Or a PluginError: the ref is unknown (law DEP004).
        """

    @abc.abstractmethod
    async def resolve_committish(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        committish: str,
    ) -> Commit:
        """Find one commit (laws DEP003 and DEP004).

        Args:
            ctx: Whose repository.
            credentials: Credential name to value.
            committish: A branch, a tag, a sha or a short sha; names with `/`
                and `#` too.

        Returns:
            The commit; an annotated tag is peeled.

        Raises:
            ValueError: Or a PluginError: it is unknown or ambiguous.
        """

    @abc.abstractmethod
    async def compare(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        base: str,
        head: str,
    ) -> CompareResult:
        """Compare two commits (laws DEP006 and DEP007).

        Args:
            ctx: Whose repository.
            credentials: Credential name to value.
            base: What to compare with.
            head: What is compared.

        Returns:
            Counts of both sides and the commits of `head` only.

        Raises:
            ValueError: Or a PluginError: a side is unknown (law DEP004).
        """

    @abc.abstractmethod
    async def trigger_deployment(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        ref_or_sha: str,
        inputs: dict[str, str] | None = None,
    ) -> DeploymentRun:
        """Start exactly one run (laws DEP010, DEP011 and DEP015).

        An ambiguous time-out is not answered by another attempt.

        Args:
            ctx: Whose repository, and the environment to deploy to.
            credentials: Credential name to value.
            ref_or_sha: What to deploy.
            inputs: Inputs of the run, passed verbatim.

        Returns:
            The run; the next status call finds its id.

        Raises:
            ValueError: Or a PluginError: the ref is invalid; nothing started.
            PluginTimeoutError: Whether a run started is not known.
        """

    @abc.abstractmethod
    async def get_deployment_status(
        self, ctx: PluginContext, credentials: dict[str, str], run_id: str
    ) -> DeploymentRun:
        """Look a run up and change nothing (laws DEP012 to DEP014).

        Args:
            ctx: Whose repository.
            credentials: Credential name to value.
            run_id: The id that `trigger_deployment` gave.

        Returns:
            The run; once terminal, always the same.

        Raises:
            ValueError: Or a PluginError: the id is unknown.
        """

    async def get_check_status(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        committish: str,
    ) -> CheckStatus:
        """Say what the checks of a commit say together.

        Args:
            ctx: Whose repository.
            credentials: Credential name to value.
            committish: As `resolve_committish` takes it.

        Returns:
            By default `unknown`.
        """
        return 'unknown'

    async def create_tag(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        sha: str,
        tag: str,
        message: str,
    ) -> RefInfo:
        """Create a tag (law DEP008).

        Args:
            ctx: Whose repository.
            credentials: Credential name to value.
            sha: The commit to tag, in full.
            tag: The name. It is never moved: with the same commit the call
                is repeatable or a typed conflict, with another a conflict.
            message: The message of the annotated tag.

        Returns:
            The tag.

        Raises:
            NotImplementedError: By default.
            ValueError: Or a PluginError: it names another commit already.
        """
        del ctx  # else abstract to mypy, as `from None` is for pyright
        raise NotImplementedError from None

    async def create_release(  # noqa: PLR0913, PLR0917  contract v1
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        tag: str,
        name: str,
        body_markdown: str,
        prerelease: bool = False,  # noqa: FBT001, FBT002  contract v1
    ) -> ReleaseInfo:
        """Release a tag; repeating it makes no second one (law DEP009).

        Args:
            ctx: Whose repository.
            credentials: Credential name to value.
            tag: The tag, which must exist.
            name: The title.
            body_markdown: The notes, passed verbatim.
            prerelease: True if it is not for production.

        Returns:
            The release.

        Raises:
            NotImplementedError: By default.
            ValueError: Or a PluginError: the tag does not exist.
        """
        del ctx  # else abstract to mypy, as `from None` is for pyright
        raise NotImplementedError from None

    async def list_workflows(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[WorkflowFile]:
        """List the workflows that may be triggered.

        Args:
            ctx: Whose repository.
            credentials: Credential name to value.

        Returns:
            The workflows.

        Raises:
            NotImplementedError: By default.
        """
        del ctx  # else abstract to mypy, as `from None` is for pyright
        raise NotImplementedError from None

    async def list_recent_deployments(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        environments: list[str],
        limit: int = 1,
    ) -> list[RemoteDeployment]:
        """List deployments that the remote recorded, newest first.

        `PluginManifest.supports_deployment_sync` promises this method.

        Args:
            ctx: Whose repository.
            credentials: Credential name to value.
            environments: The environments to look at.
            limit: The most deployments to return for each of them.

        Returns:
            The deployments, each naming its environment.

        Raises:
            NotImplementedError: By default.
        """
        del ctx  # else abstract to mypy, as `from None` is for pyright
        raise NotImplementedError from None
