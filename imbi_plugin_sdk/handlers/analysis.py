"""Plugin type `analysis`: judge a project, and offer to mend it."""
# ruff: noqa: ARG002  a default takes what an override needs

import abc
from typing import ClassVar, Literal, Protocol, TypeAlias

import pydantic

from imbi_plugin_sdk.context import PluginContext
from imbi_plugin_sdk.errors import PluginRemediationNotSupported
from imbi_plugin_sdk.handlers._protocol import base_class
from imbi_plugin_sdk.manifest import PluginManifest

AnalysisResultStatus: TypeAlias = Literal['pass', 'warn', 'fail']
"""How one analysis came out."""


class RemediationOffer(pydantic.BaseModel):
    """A remedy that the user may ask for."""

    id: str = pydantic.Field(
        description='What `remediate` takes; stable between runs (ANA001).'
    )
    label: str = pydantic.Field(description='The text of the button.')
    confirm: str | None = pydantic.Field(
        default=None,
        description='The question to ask first; None asks nothing.',
    )
    destructive: bool = pydantic.Field(
        default=False, description='True if it deletes or overwrites.'
    )


class RemediationResult(pydantic.BaseModel):
    """How a remedy came out."""

    status: Literal['fixed', 'noop', 'failed'] = pydantic.Field(
        description='noop: there was nothing left to mend.'
    )
    message: str = pydantic.Field(description='What to tell the user.')


class AnalysisResultItem(pydantic.BaseModel):
    """One finding about a project."""

    slug: str = pydantic.Field(
        description='Unique in one run, stable between runs (law ANA001).'
    )
    title: str = pydantic.Field(description='What was looked at.')
    description: str = pydantic.Field(description='What was found.')
    status: AnalysisResultStatus = pydantic.Field(
        description='How it came out.'
    )
    remediation: RemediationOffer | None = pydantic.Field(
        default=None, description='How the plugin could mend it.'
    )


@base_class
class AnalysisPlugin(Protocol):
    """Judges one project; may mend what it finds."""

    manifest: ClassVar[PluginManifest]

    @abc.abstractmethod
    async def analyze(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> list[AnalysisResultItem]:
        """Judge the project and change nothing (law ANA001).

        Args:
            ctx: Which project.
            credentials: Credential name to value.

        Returns:
            The findings, slugs unique and stable between runs.

        Raises:
            PluginCredentialsMissing: A required credential is absent.
            PluginAuthenticationFailed: The remote rejected the credentials.
            PluginUnavailableError: The remote cannot serve.
        """

    async def remediate(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        remediation_id: str,
    ) -> RemediationResult:
        """Apply one remedy.

        Args:
            ctx: Which project.
            credentials: Credential name to value.
            remediation_id: The id of an offer that `analyze` made.

        Returns:
            How it came out.

        Raises:
            PluginRemediationNotSupported: The id is of no offer (law ANA001);
                by default every id is.
            PluginError: As `analyze` does.
        """
        slug = self.manifest.slug
        raise PluginRemediationNotSupported(slug, remediation_id)
