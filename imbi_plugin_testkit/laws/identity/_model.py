"""What is still good of people's sign-ins, and how an answer is judged."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from imbi_plugin_sdk.contract import is_implemented
from imbi_plugin_sdk.errors import (
    IdentityAuthorizationPending,
    PluginAuthenticationFailed,
)
from imbi_plugin_testkit.comparing import NOTHING
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws.identity._flow import Flow
from imbi_plugin_testkit.laws.identity.exchange import expiry_problems
from imbi_plugin_testkit.machines import Machine
from imbi_plugin_testkit.models.identity import IdentityLimits

if TYPE_CHECKING:
    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.laws.identity._flow import Begun, Session

KEPT = 3
"""Sessions of one person of which all are sure to be good: some providers
end the oldest, ten being the fewest that we know."""

HASTY = 0.05
"""Seconds between two polls with which a script may still poll."""


def limits_of(lab: Lab) -> IdentityLimits:
    """Return what the provider does."""
    limits = lab.limits
    return limits if isinstance(limits, IdentityLimits) else IdentityLimits()


def refreshes(lab: Lab) -> bool:
    return limits_of(lab).refreshes


def rotates(lab: Lab) -> bool:
    return refreshes(lab) and limits_of(lab).rotates


def revokes(lab: Lab) -> bool:
    return is_implemented(lab.plugin.handler, 'revoke')


def compares(lab: Lab) -> bool:
    return limits_of(lab).compares_verifier


def polls(lab: Lab) -> bool:
    return limits_of(lab).device_interval <= HASTY


@dataclasses.dataclass(slots=True, eq=False)
class Asked:
    """A request of the script.

    Attributes:
        begun: What the plugin answered.
        default: Whether it asks for the default scopes; a provider may keep
            refresh tokens back where fewer or others are asked for.
        answered: Whether a person answered it already.
    """

    begun: Begun
    default: bool = True
    answered: bool = False


@dataclasses.dataclass(slots=True, eq=False)
class Brought:
    """A code that the browser brought back.

    Attributes:
        asked: The request that it answers.
        person: Who signed in.
        code: The code.
        good: Whether it can be redeemed; None if the provider decides.
    """

    asked: Asked
    person: str
    code: str = dataclasses.field(repr=False)
    good: bool | None = True


@dataclasses.dataclass(slots=True, eq=False)
class Kept:
    """A sign-in as the host keeps it.

    Attributes:
        session: The sign-in.
        token: The refresh token to use next; None where the provider gave
            none for the scopes that were asked for.
        old: Refresh tokens that were replaced.
        renews: Whether it can be refreshed; None if the provider decides.
    """

    session: Session
    token: str | None = dataclasses.field(repr=False)
    old: list[str] = dataclasses.field(default_factory=list, repr=False)
    renews: bool | None = True


class IdentityModel(Machine):
    """People, their sign-ins, and what is still good of them.

    Attributes:
        flow: The host's part.
        kept: Sign-ins that are done, the oldest first.
        subjects: Person to subject.
    """

    async def start(self) -> None:
        """Begin with nobody signed in."""
        self.flow = Flow(self.lab)
        self.kept: list[Kept] = []
        self.subjects: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        self._seen: set[str] = set()
        self._tells: bool | None = None
        self._secrets = len(self.lab.secrets)

    def _compare(self, person: str, subject: str) -> None:
        if not self._fits(self.subjects, person, subject):
            raise self.diverges(
                'IDN005',
                'exchange_code()',
                'the subject is not the one of before, or that of somebody '
                'else; each person has one of their own.',
                seen=subject,
                expected=self.subjects.get(person, NOTHING),
            )

    def _renewed(self, kept: Kept, answer: Answer) -> None:
        """Hold the answer of a refresh against the model."""
        if answer.error is not None and kept.renews is not True:
            if isinstance(answer.error, PluginAuthenticationFailed):
                return
            raise self.diverges(
                'IDN009',
                'refresh()',
                f'a token that is over {self._told(answer)}; it must raise '
                'PluginAuthenticationFailed.',
            )
        if answer.error is not None:
            raise self.diverges(
                'IDN009',
                'refresh()',
                f'a token that is good {self._told(answer)}; it must succeed.',
            )
        found = self.flow.renewed(answer)
        if kept.renews is False:
            raise self.diverges(
                'IDN011',
                'refresh()',
                'a token that was revoked was refreshed; it must raise '
                'PluginAuthenticationFailed.',
            )
        for message in expiry_problems(found):
            raise self.diverges('IDN009', 'refresh()', message)
        if not found.refresh_token:
            raise self.diverges(
                'IDN009',
                'refresh()',
                'the refresh token is missing; where the provider sends none, '
                'the one that was given must be kept.',
            )
        if kept.token and found.refresh_token != kept.token:
            kept.old.append(kept.token)
        kept.token = found.refresh_token
        kept.session = dataclasses.replace(kept.session, found=found)

    async def _present(self, kept: Kept, path: str) -> None:
        """Present an access token that was just given out."""
        found = kept.session.found
        if self._tells is None:
            self._tells = await self.flow.can_accept(found)
        if not self._tells or kept.renews is not True:
            return
        subject = await self.flow.accepted(found)
        if subject is None or not self._fits(
            self._owners, kept.session.person, subject
        ):
            raise self.diverges(
                'IDN010' if path == 'refresh()' else 'IDN005',
                path,
                'the access token is not good, or stands for somebody else.',
            )

    # Odds and ends -------------------------------------------------------

    def _fits(self, known: dict[str, str], person: str, subject: str) -> bool:
        """Return whether a person still has one name, and nobody else's."""
        others = {known[name] for name in known if name != person}
        mine = known.setdefault(person, subject)
        return subject == mine and subject not in others

    def _owns(self, one: Kept, other: Kept) -> bool:
        return one.session.person == other.session.person

    def _doubt(self, person: str) -> None:
        """Leave open what becomes of a person's sign-ins.

        A provider may end all of them together.
        """
        for kept in self.kept:
            if kept.session.person == person and kept.renews:
                kept.renews = None

    def _is_refused(self, answer: Answer, asked: Asked) -> bool:
        if asked.begun.request.polling is None:
            return isinstance(answer.error, PluginAuthenticationFailed)
        return answer.error is not None and not isinstance(
            answer.error, IdentityAuthorizationPending
        )

    def _told(self, answer: Answer) -> str:
        if answer.error is None:
            return 'succeeded'
        told = described(answer.error, self.lab.secrets)
        return f'raised {told}{self.lab.place(answer.error)}'
