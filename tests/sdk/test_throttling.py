"""When to try again, whatever a remote says."""

from __future__ import annotations

import email.utils
import time

import pytest

from imbi_plugin_sdk.throttling import LONGEST, SOONEST, retry_at

OTHERWISE = 12.0


def wait(header, **more):
    return retry_at(header, otherwise=OTHERWISE, **more) - time.time()


@pytest.mark.parametrize(
    ('header', 'seconds'),
    [
        ('7', 7),
        (' 7 ', 7),
        ('2.5', 2.5),
        ('0', SOONEST),
        ('0.2', SOONEST),
        ('99999999', LONGEST),
        ('9' * 400, LONGEST),
        (None, OTHERWISE),
        *((odd, OTHERWISE) for odd in ('', 'soon', '-5', '+5', 'nan', 'inf')),
        *((odd, OTHERWISE) for odd in ('1e9', '0x7', '7 s', '\u0667', '7,8')),
        ('Thu, 01 Jan 1970 00:00:00 GMT', SOONEST),
        ('Thu, 99 Jan 1970 00:00:00 GMT', OTHERWISE),
        ('Thu, 01 Jan 99999999999 00:00:00 GMT', OTHERWISE),
        ('Fri, 31 Dec 9999 23:59:59 GMT', LONGEST),
    ],
)
def test_a_time_is_finite_and_to_come(header, seconds):
    assert wait(header) == pytest.approx(seconds, abs=0.2)


def test_all_three_forms_of_an_http_date_are_read(monkeypatch):
    monkeypatch.setenv('TZ', 'America/New_York')
    time.tzset()
    when = time.time() + 60
    try:
        for form in (
            '%a, %d %b %Y %H:%M:%S GMT',
            '%A, %d-%b-%y %H:%M:%S GMT',
            '%a %b %d %H:%M:%S %Y',
        ):
            header = time.strftime(form, time.gmtime(when))
            assert wait(header) == pytest.approx(60, abs=2), form
        assert wait(email.utils.formatdate(when)) == pytest.approx(60, abs=2)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_plugin_may_know_of_longer_waits():
    assert wait('7000', longest=7_200) == pytest.approx(7_000, abs=1)
    assert wait('8000', longest=7_200) == pytest.approx(7_200, abs=1)
