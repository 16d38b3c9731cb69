"""One sandbox per test, on one event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.host import Host
from tests.log import Log
from tests.sandbox import SANDBOXES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Story = Callable[[Any], Awaitable[Any]]


@pytest.fixture
def play() -> Callable[..., Any]:
    """Return a function that runs a story in a fresh sandbox of a plugin."""

    def run(plugin: str, story: Story) -> Any:
        async def main() -> Any:
            async with SANDBOXES[plugin]() as sandbox:
                return await story(sandbox)

        return asyncio.run(main())

    return run


@pytest.fixture
def log_story(play: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that tells a story about one project's log."""

    def run(tell: Callable[[Log], Awaitable[Any]]) -> Any:
        async def told(sandbox: Any) -> Any:
            return await tell(Log(sandbox))

        return play('aws-cloudwatch-logs', told)

    return run


@pytest.fixture
def sign_in_story(play: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that tells a story about one host."""

    def run(tell: Callable[[Host], Awaitable[Any]]) -> Any:
        async def told(sandbox: Any) -> Any:
            return await tell(Host(sandbox))

        return play('aws-iam-ic', told)

    return run
