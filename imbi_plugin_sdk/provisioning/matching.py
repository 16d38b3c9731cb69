"""Which service an offering belongs to (ADR 0012, section 3, step 2).

In this order: the service that the operator names; vendor and template id,
and the instance where one is given; vendor and an equal `service_url` on a
service without template id, which is then adopted; else a new one. Several
hits are the operator's to choose from.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from imbi_plugin_sdk._text import did_you_mean, listed
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.provisioning.plan import Choice
from imbi_plugin_sdk.urls import normalise_url

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from imbi_plugin_sdk.manifest import ThirdPartyServiceTemplate
    from imbi_plugin_sdk.provisioning.drafting import Draft
    from imbi_plugin_sdk.provisioning.working import Working

Brought: TypeAlias = 'Mapping[str, Collection[str]]'
"""Who brings a template, each with the ids of all that it brings."""

MAX_INSTANCE = 64
"""Characters, as of a slug: the instance becomes part of one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Placement:
    """What an operator says about where a template's plugins belong.

    Attributes:
        service: Id of the service to attach to; None to look for one.
        instance: The operator's key for one of several services of the
            template, as in `production`; None where any will do.
        create: Whether to make a new service even if one could be adopted.
    """

    service: str | None = None
    instance: str | None = None
    create: bool = False


ANYWHERE = Placement()
"""Where the operator says nothing."""


@dataclasses.dataclass(frozen=True, slots=True)
class Match:
    """Which service it is.

    Attributes:
        how: Attach to a service of the template, adopt one that an operator
            made, move one to the template from another that only these
            distributions had, or create one.
        service: The service; None where one is to be created.
        instance: Its instance.
    """

    how: Literal['attach', 'adopt', 'move', 'create']
    service: Working | None
    instance: str


def match_service(
    draft: Draft,
    template: ThirdPartyServiceTemplate,
    vendor: str,
    brought: Brought,
    placement: Placement,
) -> Match | None:
    """Return the service that a template belongs to.

    Args:
        draft: What is planned so far.
        template: The template.
        vendor: Its vendor's key.
        brought: By whom. A service that one of them is attached to is
            theirs, however its vendor is spelled.
        placement: What the operator says.

    Returns:
        None where the draft is now blocked.
    """
    problem = _placement_problem(placement)
    if problem is not None:
        draft.block(problem)
        return None
    if placement.service is not None:
        return _named(draft, template, brought, placement)
    rivals = draft.of_vendor(vendor)
    attached = {
        one.id: one
        for name in brought
        for one in draft.shared_by(name)
        if one.vendor_key != vendor
    }
    hits = [
        one
        for one in (*rivals, *attached.values())
        if one.template_id == template.id
        and placement.instance in {None, one.instance}
    ]
    if hits and not placement.create:
        return _sole(draft, template, hits, 'attach', placement.instance)
    if hits:
        draft.block(_exists(template, hits[0]))
        return None
    if not placement.create:
        url = _comparable(template.service_url)
        adoptable = [
            one
            for one in rivals
            if not one.template_id
            and url
            and _comparable(one.live.get('service_url')) == url
            and (
                placement.instance is None
                or not one.instance
                or one.instance == placement.instance
            )
        ]
        if adoptable:
            return _sole(
                draft, template, adoptable, 'adopt', placement.instance
            )
        _warn_of_strangers(draft, template, rivals)
    return Match('create', None, placement.instance or '')


def _comparable(url: object) -> str:
    return normalise_url(url) if isinstance(url, str) else ''


def _placement_problem(placement: Placement) -> Problem | None:
    instance = placement.instance or ''
    if placement.create and placement.service is not None:
        return Problem(
            'placement_contradicts',
            'place',
            'a service was named and a new one was asked for.',
            'Name a service or ask for a new one, not both.',
        )
    # What cannot be printed cannot be told apart, or is half a character.
    if instance.isprintable() and re.fullmatch(
        rf'[^\s/:]{{0,{MAX_INSTANCE}}}', instance
    ):
        return None
    return Problem(
        'instance_invalid',
        'instance',
        f'the instance must be at most {MAX_INSTANCE} printable characters '
        'without white space, slash and colon.',
        "Give a short key, as in 'production'.",
    )


def _named(
    draft: Draft,
    template: ThirdPartyServiceTemplate,
    brought: Brought,
    placement: Placement,
) -> Match | None:
    """Return the service that the operator named, if it can be meant."""
    service = draft.service(placement.service or '')
    if service is None:
        draft.block(missing_service(draft, placement.service or ''))
        return None
    renamed = service.template_id not in {None, '', template.id}
    # Whom nobody brings, as the nameless owner of a service without one,
    # counts as one who still has the template.
    still = {service.template_id}
    if renamed and any(
        service.template_id in brought.get(name, still)
        for name in service.contributors or ['']
    ):
        draft.block(
            Problem(
                'service_has_template',
                f'service {service.slug}',
                f'the service belongs to template {service.template_id!r} '
                f'and the plugin to {template.id!r}; a service has one. Only '
                'a package that has the service for itself, and brings its '
                'template no more, can take it to another.',
                'Name another service, or none.',
            )
        )
        return None
    wanted = placement.instance
    untied = not service.template_id and not service.instance
    if wanted not in {None, service.instance} and not untied:
        draft.block(
            Problem(
                'instance_differs',
                f'service {service.slug}',
                f'the service is the instance {service.instance!r}, and '
                f'{wanted!r} was asked for.',
                'Name the service or the instance, not both.',
            )
        )
        return None
    instance = wanted or service.instance
    if service.template_id == template.id:
        return Match('attach', service, instance)
    for rival in draft.of_vendor(service.vendor_key):
        if (rival.template_id, rival.instance) == (template.id, instance):
            draft.block(_exists(template, rival))
            return None
    return Match('move' if renamed else 'adopt', service, instance)


def missing_service(draft: Draft, name: str) -> Problem:
    """Return the problem of a service that is not there."""
    return Problem(
        'service_unknown',
        'service',
        f'the organization {draft.state.organization!r} has no service with '
        f'the id {name!r}.{did_you_mean(name, draft.state.services)}',
        'Name an existing service by its id; to make a new one, name none.',
    )


def _sole(
    draft: Draft,
    template: ThirdPartyServiceTemplate,
    hits: Sequence[Working],
    how: Literal['attach', 'adopt'],
    instance: str | None,
) -> Match | None:
    """Return the only hit, or block with all of them."""
    if len(hits) == 1:
        hit = hits[0]
        return Match(how, hit, instance or hit.instance)
    because = {
        'attach': 'of the template',
        'adopt': 'of the vendor with its service_url',
    }[how]
    draft.block(
        Problem(
            'service_ambiguous',
            f'template {template.id}',
            f'{len(hits)} services are {because}: '
            f'{listed((one.slug for one in hits), "and")}; one must be '
            'meant.',
            'Choose one by its id, give an instance, or ask for a new one.',
        ),
        [
            Choice(
                template_id=template.id,
                service_id=one.id,
                slug=one.slug,
                instance=one.instance,
                how=how,
            )
            for one in hits
        ],
    )
    return None


def _exists(template: ThirdPartyServiceTemplate, hit: Working) -> Problem:
    return Problem(
        'service_exists',
        f'template {template.id}',
        f'{hit.slug!r} has the vendor, template and instance that the service '
        'which was asked for would have.',
        'Give that one an instance of its own, or let the plugins join '
        f'{hit.slug!r}.',
    )


def _warn_of_strangers(
    draft: Draft,
    template: ThirdPartyServiceTemplate,
    rivals: Sequence[Working],
) -> None:
    """Say that a service which operators made may be the one meant."""
    strangers = [one.slug for one in rivals if not one.template_id]
    if strangers:
        draft.warn(
            Problem(
                'service_similar',
                f'template {template.id}',
                f'a new service is created, though the vendor has '
                f'{listed(strangers, "and")} already, with another '
                'service_url.',
                'If that is the one meant, name it.',
            )
        )
