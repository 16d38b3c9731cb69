"""A sandbox behind the proxy."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from imbi_plugin_testkit.sandbox import BaseSandbox, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from imbi_plugin_testkit.proxy import FaultProxy


class ProxiedSandbox(BaseSandbox):
    """A sandbox whose backend is reached through a `FaultProxy`.

    Beside the sandbox of a plugin type it comes first::

        class MySandbox(ProxiedSandbox, LogsSandbox): ...

    Attributes:
        proxy: Made and started by `__aenter__`, closed by `__aexit__` of the
            class that derives from this one.
    """

    proxy: FaultProxy

    def fault(self, kind: Fault) -> AbstractAsyncContextManager[None]:
        """Break the way to the backend."""
        return _entered(self.proxy.broken(kind))

    def urls(self) -> Sequence[str]:
        """Return what the proxy was asked for."""
        return self.proxy.urls()

    def elsewhere(self) -> Sequence[str]:
        """Return what arrived at the host that `Fault.REDIRECT` names."""
        return tuple(
            '\n'.join(
                (
                    f'{one.method} {one.target}',
                    *(f'{key}: {value}' for key, value in one.headers.pairs),
                    one.body.decode('utf-8', 'replace'),
                )
            )
            for one in tuple(self.proxy.elsewhere)
        )


@contextlib.asynccontextmanager
async def _entered(
    manager: AbstractContextManager[None],
) -> AsyncGenerator[None]:
    with manager:
        yield
