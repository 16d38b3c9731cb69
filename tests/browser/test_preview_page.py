"""The preview in a real browser: nothing runs, and it fits every screen."""

from __future__ import annotations

import json

import pytest
from selenium.webdriver.common.by import By

from imbi_plugin_testkit.preview.page import render

EVIL = (
    '</style></title><script>window.hit = 1</script>'
    '<img src=x onerror="window.hit = 2"><svg onload="window.hit = 3">'
    '" autofocus onfocus="window.hit = 4" x="\' onclick=\'window.hit = 5\''
    '<a href="javascript:window.hit = 6">x</a><base href="//evil.test/">'
    '<meta http-equiv="refresh" content="0;url=//evil.test">'
    '<form action="//evil.test"><button>x</button></form>'
)
PIXEL = (
    'data:image/svg+xml;base64,'
    'PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4='
)


def data(word, icon=PIXEL):
    option = {
        'name': word, 'label': word, 'description': word, 'type': 'string',
        'required': True, 'default': word, 'choices': None,
    }  # fmt: skip
    kinds = ('string', 'secret', 'integer', 'boolean', 'mapping')
    return {
        'distribution': {'name': word, 'version': word, 'static': True},
        'troubles': {word: word},
        'plan': {
            'organization': word,
            'blocked': False,
            'sentences': [{'kind': word, 'text': word}],
            'plan': {},
        },
        'plugins': [
            {
                'entry_point': word, 'slug': word, 'name': word,
                'description': word, 'plugin_type': word, 'api_version': word,
                'options': [
                    *(
                        {**option, 'type': kind, 'name': f'{kind}{word}'}
                        for kind in kinds
                    ),
                    {**option, 'choices': [word, 'other']},
                ],
                'credentials': [option], 'data_types': [{'name': word}],
                'default_scopes': [word], 'lifecycle_events': [word],
                'capabilities': [word],
                'service': {
                    'id': word, 'vendor': word, 'display_name': word,
                    'category': word, 'use_pkce': word,
                    'default_scopes': [word],
                    'endpoints': [{'name': word, 'url': word}],
                    'links': [{'name': word, 'url': f'javascript:{word}'}],
                    'variables': [
                        {
                            'name': word, 'kind': word, 'label': word,
                            'choices': [word], 'default': word,
                        }
                    ],
                },
                'icons': [
                    {
                        'field': word, 'problems': [word], 'data': icon,
                        'media_type': word, 'size': 1, 'digest': word,
                        'removals': [
                            {
                                'line': 1, 'column': 1, 'what': word,
                                'why': word, 'grade': word,
                            }
                        ],
                    }
                ],
            }
        ],
    }  # fmt: skip


@pytest.fixture
def opened(browser, tmp_path):
    def run(given):
        path = tmp_path / 'preview.html'
        path.write_text(render(given), 'utf-8')
        browser.get(path.as_uri())
        return browser

    return run


def test_html_in_every_field_stays_text(opened):
    browser = opened(data(EVIL))
    for one in browser.find_elements(By.CSS_SELECTOR, 'summary'):
        one.click()
    browser.execute_async_script('setTimeout(arguments[0], 100)')
    assert browser.execute_script('return window.hit') is None
    assert browser.current_url.endswith('preview.html')
    found = browser.execute_script(
        'return ["script", "svg", "a", "base", "form", "button", "iframe"]'
        '.filter(name => document.querySelector(name))'
    )
    assert found == []
    sources = browser.execute_script(
        'return [...document.images].map(image => image.src)'
    )
    assert set(sources) == {PIXEL}
    inputs = browser.find_elements(By.CSS_SELECTOR, 'input[type=text]')
    assert [one.get_attribute('value') for one in inputs] == [EVIL]


def test_even_a_script_that_got_in_would_not_run(opened):
    browser = opened(data('plain'))
    browser.execute_script(
        'const one = document.createElement("div");'
        'one.innerHTML = "<img src=x onerror=\'window.hit = 1\'>";'
        'document.body.append(one);'
    )
    browser.execute_async_script('setTimeout(arguments[0], 100)')
    assert browser.execute_script('return window.hit') is None


def test_an_icon_cannot_ask_for_anything(opened):
    browser = opened(data('plain', icon='https://evil.test/x.png'))
    loaded = browser.execute_script(
        'return [...document.images].some(image => image.naturalWidth > 0)'
    )
    assert loaded is False


@pytest.mark.parametrize('width', [320, 390, 1280])
@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_it_fits_and_can_be_read(opened, width, scheme):
    browser = opened(data('word'))
    browser.execute_cdp_cmd(
        'Emulation.setDeviceMetricsOverride',
        {'width': width, 'height': 800, 'deviceScaleFactor': 1,
         'mobile': width < 500},
    )  # fmt: skip
    browser.execute_cdp_cmd(
        'Emulation.setEmulatedMedia',
        {'features': [{'name': 'prefers-color-scheme', 'value': scheme}]},
    )
    try:
        wide = browser.execute_script(
            'return document.documentElement.scrollWidth'
        )
        assert wide <= width
        low = browser.execute_script(CONTRAST)
        assert low == [], json.dumps(low)
    finally:
        browser.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})
        browser.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': []})


CONTRAST = """
// WCAG 2.2, 1.4.3: text has a contrast of 4.5 at least.
const parts = color => color.match(/[\\d.]+/g).map(Number);
const light = color => {
  const [r, g, b] = parts(color).map(value => value / 255)
    .map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
  return .2126 * r + .7152 * g + .0722 * b;
};
const ground = element => {
  for (; element; element = element.parentElement) {
    const color = getComputedStyle(element).backgroundColor;
    if (parts(color)[3] !== 0) return color;
  }
  return 'rgb(255, 255, 255)';
};
const low = [];
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes]
    .some(node => node.nodeType === 3 && node.data.trim());
  if (!own || !element.offsetParent) continue;
  const pair = [light(getComputedStyle(element).color),
                light(ground(element))].sort((a, b) => b - a);
  const ratio = (pair[0] + .05) / (pair[1] + .05);
  if (ratio < 4.5) low.push([element.tagName, element.className, ratio]);
}
return low;
"""


def test_every_field_has_its_label(opened):
    browser = opened(data('word'))
    nameless = browser.execute_script(
        'return [...document.querySelectorAll("input, select, textarea")]'
        '.filter(one => !one.labels.length).length'
    )
    assert nameless == 0
    images = browser.find_elements(By.TAG_NAME, 'img')
    assert all(one.get_attribute('alt') for one in images)
    assert browser.find_elements(By.CSS_SELECTOR, 'html[lang=en] main h1')
