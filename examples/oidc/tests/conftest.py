"""One sandbox per test, on one event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from imbi_plugin_oidc import OIDCPlugin

from tests.sandbox import OidcSandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Story = Callable[[OidcSandbox], Awaitable[Any]]


@pytest.fixture
def play() -> Callable[..., Any]:
    """Return a function that runs a story in a fresh sandbox.

    Keywords are those of the sandbox.
    """

    def run(story: Story, **facts: Any) -> Any:
        async def main() -> Any:
            async with OidcSandbox(**facts) as sandbox:
                sandbox.handler_class = OIDCPlugin
                return await story(sandbox)

        return asyncio.run(main())

    return run
