"""What becomes of a request: one fault, and what a connection asks."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from wsgiref.types import WSGIApplication

    from imbi_plugin_testkit.proxy.answers import Raw
    from imbi_plugin_testkit.proxy.listener import Listener
    from imbi_plugin_testkit.proxy.requests import ProxiedRequest
    from imbi_plugin_testkit.sandbox import Fault


@dataclasses.dataclass(eq=False)
class Rule:
    """One fault for a while.

    Attributes:
        kind: What goes wrong.
        after: Matching requests that still pass first.
        times: Requests that still go wrong; None is every one.
        only: Which requests match; None is every one.
        reaches: Whether the upstream does what it is asked all the same.
        over: Set when the fault ends.
    """

    kind: Fault
    after: int = 0
    times: int | None = None
    only: Callable[[ProxiedRequest], bool] | None = None
    reaches: bool = False
    over: threading.Event = dataclasses.field(default_factory=threading.Event)

    def takes(self, request: ProxiedRequest) -> bool:
        """Return whether this request goes wrong, and count it."""
        if self.only is not None and not self.only(request):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


@dataclasses.dataclass(frozen=True, slots=True)
class Wiring:
    """What one connection asks the proxy for.

    Attributes:
        listener: The port, which breaks connections off.
        upstream: Host and port, or an application.
        content_type: The media type of answers that name none.
        bodies: Fault to an answer of its own.
        slow: Seconds that a slow answer takes.
        elsewhere: The origin that `Fault.REDIRECT` names.
        decide: Returns an answer, a fault, or None to let a request through.
        location: Returns where a redirect of the upstream leads the client.
    """

    listener: Listener
    upstream: tuple[str, int] | WSGIApplication
    content_type: str
    bodies: Mapping[Fault, Raw]
    slow: float
    elsewhere: str
    decide: Callable[[ProxiedRequest], Raw | Rule | None]
    location: Callable[[str], str]
