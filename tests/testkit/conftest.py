"""Runs some families of checks and tells what did not pass."""

from __future__ import annotations

import pytest


@pytest.fixture
def judge():
    """Return a function from a subject to the results that are no pass.

    It asks for the checks of the families one by one, as pytest does, and
    returns {id: results} of what failed, warned or broke; what could not be
    tested is left out unless it is asked for.
    """
    from imbi_plugin_testkit.checks import catalogue  # noqa: PLC0415
    from imbi_plugin_testkit.model import Outcome  # noqa: PLC0415
    from imbi_plugin_testkit.runner import Run  # noqa: PLC0415
    from imbi_plugin_testkit.subject import Subject  # noqa: PLC0415

    wanted = {Outcome.FAILED, Outcome.WARNED, Outcome.KIT_ERROR}

    def judge(subject, families=('PKG', 'KIT'), *, also=(), **facts):
        run = Run([subject], **facts)
        found = {}
        try:
            for unit in run.units():
                scope = (
                    'distribution' if isinstance(unit, Subject) else 'plugin'
                )
                for check in catalogue().values():
                    if check.family in families and check.scope == scope:
                        result = run.result(unit, check.id)
                        if result.outcome in {*wanted, *also}:
                            found.setdefault(check.id, []).append(result)
        finally:
            run.close()
        return found

    return judge
