"""Identity plugins, their provider and its sandbox, all in memory.

`MemoryIdentity` (code flow with PKCE, id tokens), `MemoryDeviceIdentity`
(device flow) and `MemoryRegisteringIdentity` (device flow, with a client that
it registers by itself) are what correct handlers look like, and the bases of
handlers that are wrong in one place: override one small method. `Behaviour`
says in what providers differ; `MemoryIdentitySandbox` can do all that a
sandbox may do::

    sandbox = MemoryIdentitySandbox(Behaviour(rotates=True))
    labs = Labs(seed=0, factory=lambda plugin: sandbox)
"""

from __future__ import annotations

from imbi_plugin_testkit.memory.identity.device import (
    MemoryDeviceIdentity,
    MemoryRegisteringIdentity,
)
from imbi_plugin_testkit.memory.identity.grants import Behaviour
from imbi_plugin_testkit.memory.identity.handler import MemoryIdentity
from imbi_plugin_testkit.memory.identity.provider import MemoryProvider
from imbi_plugin_testkit.memory.identity.sandbox import MemoryIdentitySandbox

__all__ = [
    'Behaviour',
    'MemoryDeviceIdentity',
    'MemoryIdentity',
    'MemoryIdentitySandbox',
    'MemoryProvider',
    'MemoryRegisteringIdentity',
]
