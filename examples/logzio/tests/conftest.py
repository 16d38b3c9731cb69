"""One account per test, on one event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox import LogzioSandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Story = Callable[[LogzioSandbox], Awaitable[Any]]


@pytest.fixture
def play() -> Callable[[Story], Any]:
    """Return a function that tells a story in a fresh account."""

    def run(story: Story) -> Any:
        async def main() -> Any:
            async with LogzioSandbox() as sandbox:
                return await story(sandbox)

        return asyncio.run(main())

    return run
