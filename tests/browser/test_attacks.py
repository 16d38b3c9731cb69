"""Attacks in a real browser: alive as they come, dead once sanitized."""

from __future__ import annotations

import json
import time

import pytest
from icon_attack_parts import doc
from icon_attacks import CLASSES, attacks
from icon_browser import POKE
from icon_costs import costly

from imbi_plugin_sdk.errors import IconError
from imbi_plugin_sdk.icons import sanitize_svg

BATCH = 30
"""Documents on one page, each in three frames."""
SETTLE = 0.4
"""Seconds after the last event in which a request may still come."""
PATIENCE = 5
"""Seconds for a picture, the browser included, on a busy machine."""
ALIVE = 0.75
"""Share of the raw attacks that must be proven alive; 90 % are."""


@pytest.fixture(name='mouse')
def fixture_mouse(browser):
    """Return a maker of chains of actions; selenium may be absent."""
    chains = pytest.importorskip('selenium.webdriver').ActionChains
    return lambda: chains(browser)


def sanitized(text: str) -> bytes | None:
    try:
        return sanitize_svg(text.encode()).data
    except IconError:
        return None


@pytest.fixture(scope='module', name='raw')
def fixture_raw(site, browser):
    """Open every attack as it is; return the numbers that struck."""
    site.documents['raw'] = {
        number: site.fill('raw', number, attack.body).encode()
        for number, attack in enumerate(attacks())
    }
    visit(browser, site, 'raw')
    return site.hits.get('raw', {})


@pytest.fixture(scope='module', name='clean')
def fixture_clean(site, browser):
    """Open every attack sanitized; return the numbers that struck."""
    documents = {
        number: sanitized(site.fill('clean', number, attack.body))
        for number, attack in enumerate(attacks())
    }
    # Many attacks leave the same picture behind: one visit serves them all,
    # and an address that is still watched makes a document its own.
    distinct = {data: n for n, data in reversed(documents.items()) if data}
    site.documents['clean'] = {n: data for data, n in distinct.items()}
    site.passed = sum(data is not None for data in documents.values())
    visit(browser, site, 'clean')
    return site.hits.get('clean', {})


def visit(browser, site, name):
    count = len(attacks())
    for start in range(0, count, BATCH):
        browser.get(f'{site.base}/batch/{name}/{start}-{start + BATCH}')
        browser.execute_script(POKE)
        time.sleep(SETTLE)
    browser.get('about:blank')


def test_there_are_enough_attacks_of_every_class():
    found = attacks()

    assert len({attack.body for attack in found}) >= 400
    assert {attack.kind for attack in found} == set(CLASSES)


def test_most_attacks_are_alive_before(raw):
    found = attacks()
    dead = [
        f'{attack.kind}: {attack.name}'
        for number, attack in enumerate(found)
        if number not in raw
    ]
    alive = {found[number].kind for number in raw}

    assert alive == set(CLASSES)
    assert len(raw) >= ALIVE * len(found), '\n'.join(dead)


def test_no_attack_is_alive_after(clean, site):
    found = attacks()
    struck = [
        f'{found[number].kind}: {found[number].name}: {paths}'
        for number, paths in clean.items()
    ]

    assert struck == []
    assert 'unknown' not in site.hits
    # Refusing everything would be safe too.
    assert site.passed > 0.95 * len(found)
    assert len(site.documents['clean']) > 30


def test_no_attack_is_alive_at_top_level(browser, site, clean):
    documents = site.documents['clean']
    for number in documents:
        address = f'{site.base}/doc/clean/{number}'
        browser.get(address)
        assert browser.current_url == address
    time.sleep(SETTLE)

    assert site.hits.get('clean', {}) == {}


def test_the_watch_sees_a_real_mouse(browser, mouse, site):
    hover = '<style>rect:hover{filter:url(SINK#x)}</style>'
    link = '<a href="SINK"><rect width="99" height="99"/></a>'
    bodies = [
        doc(f'{hover}<rect width="99" height="99"/>'),
        doc(link),
        doc('<rect width="99" height="99" onmouseenter="'
            "new Image().src='SINK'\"/>"),
    ]  # fmt: skip
    for name in ('rawmouse', 'cleanmouse'):
        for number, body in enumerate(bodies):
            text = site.fill(name, number, body).encode()
            if name == 'cleanmouse':
                text = sanitize_svg(text).data
            site.documents.setdefault(name, {})[number] = text
            browser.get(f'{site.base}/host/{name}/{number}')
            shape = browser.find_element('css selector', '#place rect')
            mouse().move_to_element(shape).click().perform()
            time.sleep(0.2)

    assert set(site.hits.get('rawmouse', {})) == {0, 1, 2}
    assert 'cleanmouse' not in site.hits


SAME_TREE = """
const [texts, done] = [JSON.parse(arguments[0]), arguments[1]];
const faults = [];
texts.forEach((text, index) => {
  const holder = document.createElement('div');
  holder.innerHTML = text;
  const again = document.createElement('div');
  again.innerHTML = holder.innerHTML;
  const page = new DOMParser().parseFromString(
    '<!DOCTYPE html><body><div>' + text + '</div>', 'text/html');
  const xml = new DOMParser().parseFromString(text, 'image/svg+xml');
  const tree = node => node.nodeType === 3 ? node.data : [
    node.namespaceURI, node.localName,
    [...node.attributes].map(a => [a.namespaceURI, a.localName, a.value])
      .filter(a => a[1] !== 'xmlns').sort(),
    [...node.childNodes].map(tree)];
  const want = JSON.stringify(tree(xml.documentElement));
  const seen = [holder, again, page.querySelector('div')].map(
    h => h.childNodes.length === 1 && JSON.stringify(tree(h.firstChild)));
  if (seen.some(s => s !== want)) faults.push([index, want, seen]);
});
done(faults);
"""


def test_an_html_parser_sees_the_same_tree_however_often(browser, site, clean):
    outputs = [data.decode() for data in site.documents['clean'].values()]
    browser.get('about:blank')

    faults = browser.execute_async_script(SAME_TREE, json.dumps(outputs))

    assert faults == []


def test_the_tree_test_sees_what_parsers_disagree_about(browser):
    browser.get('about:blank')
    texts = ['<svg xmlns="http://www.w3.org/2000/svg"><p>x</p></svg>']

    assert browser.execute_async_script(SAME_TREE, json.dumps(texts))


@pytest.mark.parametrize('name', [*costly()])
def test_a_costly_picture_is_refused_or_drawn_at_once(browser, site, name):
    data = sanitized(doc(costly()[name]))
    assert data or 'pass' not in name, 'the limit is below it now'
    if data is None:
        return
    number = len(site.documents.setdefault('cost', {}))
    site.documents['cost'][number] = data
    for kind in ('doc', 'host'):
        start = time.monotonic()
        browser.get(f'{site.base}/{kind}/cost/{number}')
        browser.get_screenshot_as_png()
        assert time.monotonic() - start < PATIENCE
