"""The plan: what provisioning would do, as data (ADR 0012, risks).

A plan is the preview and the work order in one: `apply` does what stands in
`actions` and nothing else. It is frozen, free of secrets, and comes back
from JSON as it went in. `plan_id` is the digest of everything else in it, so
that a plan which was changed on the way is refused.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal, Self, TypeAlias, cast

import pydantic

from imbi_plugin_sdk._text import shown
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.provisioning.actions import (
    Action,
    ClearField,
    FieldName,
    SetField,
    Value,
)
from imbi_plugin_sdk.provisioning.errors import PlanInvalid
from imbi_plugin_sdk.provisioning.fields import value_problems
from imbi_plugin_sdk.provisioning.merge import (
    Decision,  # noqa: TC001  read at run time
)
from imbi_plugin_sdk.records import NodeId, Record

FORMAT_VERSION = 1
"""Raised when a reader of version 1 could misunderstand a plan."""

MASK = '***'
"""Shown in place of an operator's value that looks like a secret."""

Operation: TypeAlias = Literal[
    'install',
    'upgrade',
    'uninstall',
    'delete_service',
    'save_fields',
    'unpin',
    'take_theirs',
    'manage',
    'unmanage',
]
"""What the operator asked for."""


class ManifestDigest(Record):
    """One manifest that the plan was drafted from."""

    distribution: str = pydantic.Field(description='Normalised name.')
    version: str = pydantic.Field(description='For people; not compared.')
    entry_point: str
    slug: str
    digest: str = pydantic.Field(description='As in `sha256:9f86…`.')


class FieldPlan(Record):
    """What becomes of one field of one service."""

    service_id: NodeId
    field: FieldName
    before: Value = pydantic.Field(
        description="What is live; null is unset. An operator's value that "
        'looks like a secret is shown as `***`.'
    )
    after: Value = pydantic.Field(description='What will be live.')
    base: Value = pydantic.Field(description='The base, before the plan.')
    decision: Decision
    reason: str


class Difference(Record):
    """A manifest's value that is not live and will not be written."""

    service_id: NodeId
    field: FieldName
    distribution: str = pydantic.Field(
        description='Normalised name of the one that offers it.'
    )
    live: Value
    offered: Value = pydantic.Field(
        description="The manifest's value; null is unset."
    )
    reason: str


class Candidates(Record):
    """The services that could have been meant, as they were looked at."""

    vendor: str = pydantic.Field(description='Casefolded, one space each.')
    revisions: dict[str, int] = pydantic.Field(
        description='Id to revision of every service of the vendor.'
    )


class Choice(Record):
    """One service that a blocked plan could mean."""

    template_id: str
    service_id: NodeId
    slug: str
    instance: str
    how: Literal['attach', 'adopt']


class Plan(Record):
    """Everything that one operation would do, and why."""

    format_version: Literal[1] = pydantic.Field(
        description='Version of this document.'
    )
    plan_id: str = pydantic.Field(
        description='Digest of the canonical JSON of all other fields.'
    )
    operation: Operation
    organization: str
    manifests: tuple[ManifestDigest, ...] = ()
    preconditions: dict[str, int | None] = pydantic.Field(
        default={},
        description='`service:<id>` or `plugin:<id>` to the revision that '
        'the node must have, or null where it must be absent.',
    )
    unassigned: tuple[NodeId, ...] = pydantic.Field(
        default=(),
        description='Plugin nodes that no assignment may use.',
    )
    candidates: tuple[Candidates, ...] = ()
    actions: tuple[Action, ...] = pydantic.Field(
        default=(), description='What will be done, in this order.'
    )
    fields: tuple[FieldPlan, ...] = ()
    conflicts: tuple[Difference, ...] = pydantic.Field(
        default=(),
        description='Manifest values against an edit, or against the '
        "template's owner.",
    )
    offers: tuple[Difference, ...] = pydantic.Field(
        default=(), description='Manifest values that `take_theirs` takes.'
    )
    deletable: tuple[NodeId, ...] = pydantic.Field(
        default=(),
        description='Services that a template made and nobody touched; '
        '`plan_delete` deletes one.',
    )
    warnings: tuple[Problem, ...] = ()
    blocks: tuple[Problem, ...] = pydantic.Field(
        default=(),
        description='Why it cannot be applied; then it has no actions.',
    )
    choices: tuple[Choice, ...] = pydantic.Field(
        default=(), description='What to choose from, where that blocks.'
    )

    @property
    def blocked(self) -> bool:
        """Whether the operator has to decide something first."""
        return bool(self.blocks)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.actions

    @property
    def intact(self) -> bool:
        """Whether the document is what its `plan_id` says."""
        try:
            return self.plan_id == _plan_id(self.model_dump(mode='json'))
        except ValueError:  # no JSON: a number without end, a bottomless list
            return False

    @classmethod
    def sealed(cls, **parts: object) -> Self:
        """Return a plan with its version and its `plan_id`.

        Args:
            parts: Every other field, as the constructor takes it.
        """
        made = cls.model_validate(
            {'format_version': FORMAT_VERSION, 'plan_id': '', **parts}
        )
        plan_id = _plan_id(made.model_dump(mode='json'))
        return made.model_copy(update={'plan_id': plan_id})

    def to_json(self) -> str:
        """Return the canonical JSON: sorted keys, no white space, ASCII."""
        return canonical(self.model_dump(mode='json'))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the plan that `to_json` wrote.

        Raises:
            PlanInvalid: It is no JSON object, of another format version, has
                what no plan has, or was changed since.
        """
        try:
            document: object = json.loads(
                text,
                parse_constant=_no_number,
                object_pairs_hook=_without_repeats,
            )
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise _invalid(
                'plan_not_json',
                'the document is not a JSON object, or a name stands in it '
                'twice.',
            )
        version = cast('dict[str, object]', document).get('format_version')
        if version != FORMAT_VERSION or isinstance(version, bool):
            raise _invalid(
                'plan_format',
                f'the format version is {shown(version)}; this version of '
                f'the SDK reads {FORMAT_VERSION}.',
            )
        try:
            plan = cls.model_validate_json(text)
        except pydantic.ValidationError as error:
            where = '.'.join(str(part) for part in error.errors()[0]['loc'])
            reason = error.errors()[0]['type']
        else:
            plan.check_intact()
            plan.check_sound()
            return plan
        # Raised out of the handler: its error would quote the document.
        raise _invalid(
            'plan_shape', f'what stands there is not a plan ({reason}).', where
        )

    def check_intact(self) -> None:
        """Refuse a plan that was changed since it was drafted.

        Raises:
            PlanInvalid: Its `plan_id` is not the digest of its content.
        """
        if not self.intact:
            raise _invalid(
                'plan_changed',
                'the plan is not the one that its plan_id names; what is '
                'applied must be what was shown.',
                'plan_id',
            )

    def check_sound(self) -> None:
        """Refuse a plan that no planning drafts, whoever made its `plan_id`.

        Raises:
            PlanInvalid: An action writes a node that no precondition names,
                a value that its field cannot hold, as a secret, or another
                one than is shown.
        """
        done: dict[tuple[str, str], object] = {}
        for number, action in enumerate(self.actions):
            path = f'actions.{number}'
            node = action.node
            if node is not None and node not in self.preconditions:
                raise _invalid(
                    'plan_unsound',
                    f'{node} is written and no precondition names it.',
                    path,
                )
            if isinstance(action, (SetField, ClearField)):
                value = getattr(action, 'value', None)
                for problem in value_problems(action.field, value):
                    raise _invalid('plan_unsound', problem.message, path)
                done[action.service_id, action.field] = value
        for one in self.fields:
            after = done.pop((one.service_id, one.field), one.before)
            if after != one.after:
                raise _differs(one.service_id, one.field)
        for service_id, field in done:
            raise _differs(service_id, field)


def _differs(service_id: str, field: str) -> PlanInvalid:
    message = f'{field} of {service_id} is shown otherwise than it is written.'
    return _invalid('plan_unsound', message, 'fields')


def _no_number(word: str) -> float:
    raise ValueError(word)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; of a repeated name, readers show one or the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _invalid(code: str, message: str, path: str = '') -> PlanInvalid:
    fix = 'Draft a new plan, and hand it on as `to_json` wrote it.'
    return PlanInvalid('plan', [Problem(code, path, message, fix)])


def canonical(document: object) -> str:
    """Return the one JSON text of a document.

    Raises:
        ValueError: It holds a number that JSON has no word for.
    """
    return json.dumps(
        document, sort_keys=True, separators=(',', ':'), allow_nan=False
    )


def _plan_id(document: dict[str, Any]) -> str:
    content = {
        name: value for name, value in document.items() if name != 'plan_id'
    }
    digest = hashlib.sha256(canonical(content).encode())
    return f'sha256:{digest.hexdigest()}'
