"""Every check can be believed: it has a reason, a fix, a page and a mutant.

Which mutant must be caught by exactly which ids is tested beside this file,
family by family; here it is held that no check was forgotten.
"""

import re
from pathlib import Path

import pytest

from imbi_plugin_testkit.checks import FAMILIES, catalogue
from imbi_plugin_testkit.model import Severity

HERE = Path(__file__).resolve().parent
DOCS = HERE.parents[1] / 'docs'
LEDGERS = (
    '../support/icon_mutants.py',
    'test_declared_mutants.py',
    'test_icon_mutants.py',
    'test_packaging_mutants.py',
    'test_protocol_mutants.py',
    *(
        str(path.relative_to(HERE))
        for kind in ('mutants', 'machine')
        for path in HERE.glob(f'laws/test_*{kind}.py')
    ),
)
CHECKS = tuple(catalogue().values())


@pytest.fixture(scope='module')
def ledger():
    """Return every id that a table of mutants or its neighbours names."""
    text = '\n'.join((HERE / name).read_text('utf-8') for name in LEDGERS)
    return set(re.findall(r'\b[A-Z]{3}\d{3}\b', text))


@pytest.mark.parametrize('check', CHECKS, ids=lambda check: check.id)
def test_a_check_is_complete(check, ledger):
    assert len(check.rationale) >= 50
    assert check.rationale.strip().endswith(('.', ')'))
    assert check.fix.endswith(('.', ')', '`', '…'))
    assert check.fix != 'Mend what the message names.'
    assert not check.title.endswith('.')
    assert check.id in ledger
    page = (DOCS / 'checks.md').read_text('utf-8')
    assert f'\n### {check.id}\n' in page


def test_ids_are_of_their_family_and_unique():
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert check.family in FAMILIES
        assert re.fullmatch(r'[A-Z]{3}\d{3}', check.id)


def test_what_a_check_requires_exists_and_makes_no_circle():
    def needs(check_id, path=()):
        assert check_id not in path, path
        for required in catalogue()[check_id].requires:
            needs(required, (*path, check_id))

    for check in CHECKS:
        needs(check.id)


def test_a_plugin_s_check_requires_no_check_of_another_type():
    for check in CHECKS:
        for required in check.requires:
            types = catalogue()[required].types
            assert types is None or types == check.types, check.id


def test_only_errors_can_be_beyond_waiving():
    assert {check.severity for check in CHECKS if check.security} <= {
        Severity.MUST
    }
