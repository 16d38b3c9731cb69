"""Interrupting a reload at a line of the SDK, as a Ctrl-C may."""

from __future__ import annotations

import sys


class Stop(KeyboardInterrupt):
    """What interrupts a reload."""


UNSEEN = {
    '_alone',  # no signal is handled between a body and its `with`'s end
    'describe',  # it runs a stranger's `__str__`, which may raise anything
}


def interrupted(registry, after):
    """Reload, and raise at the nth line that the SDK runs; True if done."""
    lines = 0

    def trace(frame, event, _):
        nonlocal lines
        if (
            '/imbi_plugin_sdk/registry/' not in frame.f_code.co_filename
            or frame.f_code.co_name in UNSEEN
        ):
            return None
        if event == 'line':
            lines += 1
            if lines == after:
                raise Stop
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        registry.reload()
    except Stop:
        return False
    finally:
        sys.settrace(before)
    return True
