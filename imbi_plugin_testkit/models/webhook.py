"""Webhook: actions that a delivery starts, and which of them repeat."""

from __future__ import annotations

from imbi_plugin_testkit.sandbox import BaseSandbox


class WebhookSandbox(BaseSandbox):
    """A sandbox of a webhook plugin.

    Laws call the actions that have an entry in `examples`: the keywords
    beyond context and credentials, which are `external_identifier`,
    `action_config` (an instance of the action's `config_model`) and `event`.
    `snapshot` shows what the actions change at the remote, without times.

    Attributes:
        repeatable: Names of actions that are documented to act on each
            delivery, also on one that comes a second time (law WEB003).
            Deliveries do come twice, so say so in the action's description
            too, where operators read it.
        distinct: Names of actions of which every delivery leaves something of
            its own at the remote, as a ticket or a comment; not those that
            bring something into a state, where it may be already. The entry
            of `examples` must be a function that makes another delivery each
            time, unlike the one before in what real ones differ in: with
            another id, and another body or event.
    """

    repeatable: frozenset[str] = frozenset()
    distinct: frozenset[str] = frozenset()
