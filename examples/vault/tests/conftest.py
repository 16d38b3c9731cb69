"""A sandbox for each test; the server is the same for all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox import VaultSandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Story = Callable[[VaultSandbox], Awaitable[Any]]


@pytest.fixture
def tell() -> Callable[[Story], Any]:
    """Return a function that tells a story in a fresh sandbox."""

    async def told(story: Story) -> Any:
        async with VaultSandbox() as sandbox:
            return await story(sandbox)

    return lambda story: asyncio.run(told(story))
