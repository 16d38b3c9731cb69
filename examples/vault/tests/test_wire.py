"""What single answers mean."""

from __future__ import annotations

import email.utils
import time

import pytest
from imbi_plugin_vault.wire import LONGEST_WAIT, WAIT, refused, retry_after


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


@pytest.mark.parametrize(
    ('header', 'seconds'),
    [
        ('', WAIT),
        ('7', 7),
        (' 7 ', 7),
        ('0', 1),
        ('9' * 400, LONGEST_WAIT),
        ('-5', WAIT),
        ('\u0667', WAIT),
        ('soon', WAIT),
    ],
)
def test_a_time_to_wait_is_never_none_and_never_for_ever(header, seconds):
    assert retry_after(header) == seconds


def test_a_time_to_wait_may_be_a_date():
    now = time.time()
    header = email.utils.formatdate(now + 60, usegmt=True)
    assert 55 < retry_after(header) < 61
    past = email.utils.formatdate(now - 60, usegmt=True)
    assert retry_after(past) == 1
    zoneless = email.utils.formatdate(now + 60)
    assert 55 < retry_after(zoneless) < 61
