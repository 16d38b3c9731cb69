"""The HTML report in a real browser: it finds, it steps, and nothing runs."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from imbi_plugin_testkit.model import (
    Finding,
    Outcome,
    Place,
    Result,
    Severity,
    Verdict,
)
from imbi_plugin_testkit.report import PluginReport, Report
from imbi_plugin_testkit.report.files import FORMATS

EVIL = (
    '</script></style></title><script>window.hit = 1</script>'
    '<img src=x onerror="window.hit = 2"><svg onload="window.hit = 3">'
    '" autofocus onfocus="window.hit = 4" x="\' onclick=\'window.hit = 5\''
    '<a href="javascript:window.hit = 6">x</a><base href="//evil.test/">'
)
STEPS = ('one', 'two', 'three')


def result(check, outcome, word='plain', steps=()):
    finding = Finding(
        f'path {word}', f'seen {word}', f'mend {word}', steps, place(word)
    )
    findings = () if outcome is Outcome.PASSED else (finding,)
    return Result(
        check,
        f'unit {word}',
        outcome,
        Severity.MUST,
        findings=findings,
        reason=word,
        reproduce=f'pytest {word}',
    )


def place(word):
    return Place(f'src/{word}.py', 3, 1, f'text {word}')


def report(*results, word='plain'):
    plugin = PluginReport(word, word, word, 1, None, list(results))
    return Report(
        name=f'imbi-plugin-{word}',
        version=word,
        source='wheel',
        checks=[],
        plugins=[plugin],
        seed=0,
        verdict=Verdict.NOT_CONFORMANT,
        missing=0,
    )


@pytest.fixture
def opened(browser, tmp_path):
    """Return a function that writes a report and opens it."""

    def run(given):
        path = tmp_path / 'report.html'
        path.write_text(FORMATS['.html']([given]), 'utf-8')
        browser.get(path.as_uri())
        return browser

    return run


@pytest.fixture
def plain(opened):
    return opened(
        report(
            result('MAN020', Outcome.FAILED, 'needle', STEPS),
            result('MAN034', Outcome.WARNED),
            result('MAN013', Outcome.PASSED),
        )
    )


def shown(browser):
    return [
        one.get_attribute('id').rpartition('-')[2]
        for one in browser.find_elements(By.CSS_SELECTOR, '.check')
        if one.is_displayed()
    ]


def test_html_in_every_field_stays_text(opened):
    browser = opened(
        report(result('MAN020', Outcome.FAILED, EVIL, (EVIL,)), word=EVIL)
    )
    for button in browser.find_elements(By.CSS_SELECTOR, 'button, summary'):
        if button.is_displayed():
            button.click()
    browser.find_element(By.CSS_SELECTOR, 'input').send_keys('hit')
    assert browser.execute_script('return window.hit') is None
    assert not browser.find_elements(By.CSS_SELECTOR, 'img, svg, a, base')
    assert len(browser.find_elements(By.CSS_SELECTOR, 'script')) == 1
    assert EVIL in browser.find_element(By.TAG_NAME, 'body').text
    # Chrome names what its policy refused: there was nothing to refuse.
    log = [entry['message'] for entry in browser.get_log('browser')]
    assert not [line for line in log if 'Content Security' in line]


def test_the_policy_stops_what_is_added_later(plain):
    plain.execute_script(
        'const s = document.createElement("div");'
        's.innerHTML = "<img src=x onerror=\'window.hit = 7\'>";'
        'document.body.append(s);'
    )
    plain.execute_async_script('setTimeout(arguments[0], 100)')
    assert plain.execute_script('return window.hit') is None


def test_what_is_well_is_hidden_until_it_is_asked_for(plain):
    assert shown(plain) == ['MAN020', 'MAN034']
    plain.find_element(By.CSS_SELECTOR, 'input[value=passed]').click()
    assert shown(plain) == ['MAN020', 'MAN034', 'MAN013']
    plain.find_element(By.CSS_SELECTOR, 'input[value=failed]').click()
    assert shown(plain) == ['MAN034', 'MAN013']


def test_the_search_looks_at_all_words(plain):
    field = plain.find_element(By.CSS_SELECTOR, 'input[type=search]')
    field.send_keys('NEEDLE mend')
    assert shown(plain) == ['MAN020']
    assert plain.find_element(By.ID, 'told').text == '1 of 3 checks shown'
    field.send_keys(' haystack')
    assert shown(plain) == []


def test_a_script_is_stepped_through_by_mouse_and_keys(plain):
    def now():
        found = plain.find_elements(By.CSS_SELECTOR, 'li[aria-current=step]')
        return [one.text for one in found]

    assert now() == []
    button = plain.find_element(By.CSS_SELECTOR, 'button[data-act=on]')
    button.click()
    assert now() == ['one']
    button.send_keys(Keys.ARROW_RIGHT)
    assert now() == ['two']
    button.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert now() == ['three']
    button.send_keys(Keys.ARROW_LEFT)
    assert now() == ['two']
    plain.find_element(By.CSS_SELECTOR, 'button[data-act=all]').click()
    assert now() == []


def test_without_script_everything_is_there(opened):
    text = FORMATS['.html']([report(result('MAN013', Outcome.PASSED))])
    assert '<details class="check passed"' in text
    assert 'hidden>' in text.partition('class="controls"')[2][:40]
    assert '<details' in text
    assert ' hidden' not in text.partition('<details')[2].partition('>')[0]
