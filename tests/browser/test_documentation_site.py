"""The documentation in a real browser: it leads on, and asks nobody else."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

ROOT = Path(__file__).resolve().parents[2]
PAGES = ('index', 'adopting', 'how-resolution-chooses', 'checks', 'security')
ASKED = """
return performance.getEntriesByType('resource').map(one => one.name)
"""
STRAY = """
const [done] = arguments;
const image = new Image();
image.onerror = () => setTimeout(done, 50);
image.src = 'http://127.0.0.2:9/stray.png';
"""
CONTRAST = """
const light = text => {
  const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map(one => {
    const part = one / 255;
    return part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
  });
  return .2126 * r + .7152 * g + .0722 * b;
};
const ground = light(getComputedStyle(document.body).backgroundColor);
return [...document.querySelectorAll('[role=main] :is(p, h1, td, a, code)')]
  .filter(one => one.textContent.trim() && one.offsetWidth
                 && !one.matches('.headerlink'))
  .map(one => light(getComputedStyle(one).color))
  .map(one => (Math.max(one, ground) + .05) / (Math.min(one, ground) + .05));
"""
"""WCAG 2.2, relative luminance and contrast ratio."""


@pytest.fixture(scope='module', name='pages')
def fixture_pages(tmp_path_factory):
    if importlib.util.find_spec('mkdocs') is None:
        pytest.skip('mkdocs is not installed; the group `docs` has it')
    if not (ROOT / 'mkdocs.yml').is_file():
        pytest.skip('a copy of a part of the tree')
    folder = tmp_path_factory.mktemp('site')
    subprocess.run(
        [sys.executable, '-m', 'mkdocs', 'build', '-q', '-d', str(folder)],
        cwd=ROOT,
        check=True,
    )
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, *_):
        """Keep the test's output clean."""


@pytest.fixture(scope='module', name='origin')
def fixture_origin(pages):
    handler = functools.partial(Quiet, directory=pages)
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}/'
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize('name', PAGES)
def test_a_page_asks_nobody_but_where_it_lies(browser, origin, name):
    browser.get(f'{origin}{name}.html')
    asked = browser.execute_script(ASKED)

    assert len(asked) >= 3
    assert [one for one in asked if not one.startswith(origin)] == []
    browser.execute_async_script(STRAY)
    assert 'http://127.0.0.2:9/stray.png' in browser.execute_script(ASKED)


@pytest.mark.parametrize('name', PAGES)
def test_a_page_opens_from_a_folder(browser, pages, name):
    browser.get((pages / f'{name}.html').as_uri())

    assert browser.find_element(By.TAG_NAME, 'h1').text
    assert browser.execute_script('return document.styleSheets.length') >= 3
    for picture in browser.find_elements(By.CSS_SELECTOR, '[role=main] img'):
        assert picture.get_attribute('alt')
        assert int(picture.get_property('naturalWidth')) > 0


def test_the_navigation_leads_to_a_page_and_on_to_the_next(browser, pages):
    browser.set_window_size(1280, 900)
    browser.get((pages / 'index.html').as_uri())
    browser.find_element(By.LINK_TEXT, 'Understand').click()
    browser.find_element(By.LINK_TEXT, 'The life of a reload').click()
    assert browser.title.startswith('The life of a reload')

    browser.find_element(By.CSS_SELECTOR, 'a[rel=next]').click()
    assert browser.title.startswith('Why believe the kit')


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_text_can_be_read_on_its_ground(browser, pages, scheme):
    feature = {'name': 'prefers-color-scheme', 'value': scheme}
    browser.execute_cdp_cmd(
        'Emulation.setEmulatedMedia', {'features': [feature]}
    )
    try:
        browser.get((pages / 'how-provisioning-merges.html').as_uri())
        ratios = browser.execute_script(CONTRAST)
    finally:
        browser.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': []})

    assert len(ratios) > 40
    # WCAG 2.2, 1.4.3 (AA): 4.5 to 1.
    assert min(ratios) >= 4.5


@pytest.mark.parametrize('name', ['kit', 'adopting'])
def test_a_page_fits_a_phone(browser, pages, name):
    browser.execute_cdp_cmd(
        'Emulation.setDeviceMetricsOverride',
        {'width': 390, 'height': 800, 'deviceScaleFactor': 1, 'mobile': True},
    )
    try:
        browser.get((pages / f'{name}.html').as_uri())
        wide = browser.execute_script(
            'return document.documentElement.scrollWidth'
        )
    finally:
        browser.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})

    assert wide <= 390
