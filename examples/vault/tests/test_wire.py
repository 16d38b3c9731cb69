"""What single answers mean."""

from __future__ import annotations

import pytest
from imbi_plugin_vault.wire import refused


@pytest.mark.parametrize(
    ('errors', 'told'),
    [
        (['permission denied'], 'does not know the token'),
        (
            [
                '2 errors occurred:\n\t* permission denied\n'
                '\t* invalid token\n\n'
            ],
            'does not know the token',
        ),
        (
            ['1 error occurred:\n\t* permission denied\n\n'],
            'policies do not allow',
        ),
        (['no'], 'rejected the token'),
        ([], 'rejected the token'),
        ('permission denied', 'rejected the token'),
    ],
)
def test_a_403_says_which_of_two_it_is(errors, told):
    assert told in str(refused({'errors': errors}))
