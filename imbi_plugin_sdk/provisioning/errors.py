"""Why a plan is not applied, or could not even be drafted.

::

    ProvisioningError
    ├── PlanBlocked     plan_blocked     409
    ├── PlanStale       plan_stale       409
    ├── PlanInvalid     plan_invalid     422
    └── ValueRefused    value_refused    422

Planning itself raises `ValueRefused` alone, where a record holds what JSON
cannot carry. What an operator has to decide first stands in the plan, as
`blocks` and `choices`.
"""

from __future__ import annotations

from imbi_plugin_sdk.errors import ProblemsError


class ProvisioningError(ProblemsError):
    """A plan cannot be applied; nothing was written.

    Attributes:
        subject: The plan that is meant, as `plan 3f2a…`.
        problems: Every reason, each with what to do.
    """

    code = 'provisioning_failed'
    http_status = 409


class PlanBlocked(ProvisioningError):  # noqa: N818  a state of the plan
    """The plan waits for a decision of the operator's."""

    code = 'plan_blocked'


class PlanStale(ProvisioningError):  # noqa: N818  a state of the plan
    """What the plan was drafted from is no longer so: plan anew."""

    code = 'plan_stale'


class PlanInvalid(ProvisioningError):  # noqa: N818  as its siblings
    """The document is no plan that this version wrote, or was changed."""

    code = 'plan_invalid'
    http_status = 422


class ValueRefused(ProvisioningError):  # noqa: N818  as its siblings
    """A service's record holds what no field of a service can hold."""

    code = 'value_refused'
    http_status = 422
