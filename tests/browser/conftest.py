"""A real browser; skipped where none is installed, unless one must be."""

from __future__ import annotations

import os

import pytest
from icon_browser import FLAGS, Site, find_browser, serve


@pytest.fixture(scope='session', name='site')
def fixture_site():
    site = Site()
    server = serve(site)
    yield site
    server.shutdown()
    server.server_close()


@pytest.fixture(scope='session', name='browser')
def fixture_browser(tmp_path_factory):
    must = os.environ.get('IMBI_REQUIRE_BROWSER') == '1'
    found = find_browser()
    try:
        from selenium import webdriver  # noqa: PLC0415  may be absent
        from selenium.webdriver.chrome.service import (  # noqa: PLC0415  same
            Service,
        )
    except ImportError:
        found = None
    if found is None:
        reason = (
            'no browser: install chromium and chromedriver (in Debian: '
            'chromium, chromium-driver) and selenium'
        )
        if must:
            pytest.fail(f'IMBI_REQUIRE_BROWSER=1, but {reason}')
        pytest.skip(reason)
    options = webdriver.ChromeOptions()
    options.binary_location = found[0]
    profile = tmp_path_factory.mktemp('profile')
    for flag in (*FLAGS, f'--user-data-dir={profile}'):
        options.add_argument(flag)
    options.set_capability('unhandledPromptBehavior', 'ignore')
    driver = webdriver.Chrome(options, Service(found[1]))
    driver.set_page_load_timeout(20)
    driver.set_script_timeout(20)
    yield driver
    driver.quit()
