"""A server that watches, and a browser that opens what it serves."""

from __future__ import annotations

import dataclasses
import html
import http.server
import re
import shutil
import threading

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')
FLAGS = (
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-extensions',
    '--window-size=900,900',
)

CANARY = (
    '<p id="canary" class="canary">text</p><form></form>'
    '<b id="taken">mine</b><div id="place">{0}</div>'
)
# What the page around a picture looks like, before and after. The page gives
# the picture 99 by 99 pixels; whatever lies far from them is the page's.
PROBE = """
const hit = what => fetch('SINK/' + what);
function look() {
  const p = document.getElementById('canary');
  const s = getComputedStyle(p);
  const r = getComputedStyle(document.documentElement);
  return [s.color, s.display, s.visibility, s.backgroundImage, s.opacity,
    getComputedStyle(document.body).color,
    getComputedStyle(p, '::before').color,
    r.getPropertyValue('--canary')].join('|');
}
function check() {
  if (window.baseline !== look()) hit('leak');
  if (typeof window.CONFIG !== 'undefined') hit('clobber');
  if (document.getElementById('taken').tagName !== 'B') hit('id');
  for (const [x, y] of [[700, 20], [700, 700], [20, 700]]) {
    const top = document.elementFromPoint(x, y);
    if (top && top.closest('#place > *')) hit('cover');
  }
}
"""

POKE = """
const events = ['pointerover', 'mouseover', 'mouseenter', 'mousemove',
  'pointerdown', 'mousedown', 'mouseup', 'click', 'focus', 'focusin',
  'keydown', 'wheel', 'blur'];
const kinds = {click: MouseEvent, mouseover: MouseEvent,
  keydown: KeyboardEvent, focus: FocusEvent, focusin: FocusEvent,
  wheel: WheelEvent};
function poke(root, depth) {
  let all = [];
  try { all = [...root.querySelectorAll('*')]; } catch (e) { return; }
  for (const element of all.slice(0, 60)) {
    const inner = element.contentDocument;
    if (inner && depth < 4) poke(inner, depth + 1);
    if (/^(html|head|body|script|iframe|object|img)$/i.test(element.tagName)
        && !element.attributes.length) continue;
    for (const name of events) {
      try {
        element.dispatchEvent(new (kinds[name] || MouseEvent)(name,
          {bubbles: name !== 'focus', cancelable: true, composed: true}));
      } catch (e) { }
    }
    try { element.focus && element.focus(); } catch (e) { }
  }
}
for (const frame of [...document.querySelectorAll('iframe')]) {
  let inner = null;
  try { inner = frame.contentDocument; } catch (e) { }
  if (inner) poke(inner, 0);
}
for (const frame of [...document.querySelectorAll('iframe')]) {
  try { frame.contentWindow.check && frame.contentWindow.check(); }
  catch (e) { }
}
"""

_KINDS = ('host', 'second', 'doc')
"""Inline; in img, object and by script; as a document of its own."""

_PATH = re.compile(r'/(?:doc|host|second|batch)/(\w+)/([\d-]+)(?:/\w+)?')


@dataclasses.dataclass
class Site:
    """What is served, and who asked for what else.

    Attributes:
        documents: By set and number.
        hits: By set: numbers whose document made a request of its own.
        base: The address of the server.
        passed: How many attacks were not refused.
    """

    documents: dict[str, dict[int, bytes]] = dataclasses.field(
        default_factory=dict
    )
    hits: dict[str, dict[int, list[str]]] = dataclasses.field(
        default_factory=dict
    )
    base: str = ''
    passed: int = 0

    def note(self, name: str, number: int, what: str) -> None:
        self.hits.setdefault(name, {}).setdefault(number, []).append(what)

    def sink(self, name: str, number: int) -> str:
        return f'{self.base}/hit/{name}/{number}'

    def fill(self, name: str, number: int, text: str) -> str:
        """Return a document with the addresses that are watched."""
        sink = self.sink(name, number)
        return (
            text.replace('SINK', sink)
            .replace('//HOST', sink.partition(':')[2])
            .replace('/PATH', f'/hit/{name}/{number}')
        )

    def page(self, path: str) -> tuple[str, bytes] | None:
        """Return the type and body of a path, or None where it is a hit."""
        found = _PATH.fullmatch(path)
        if found is None:
            return None
        name, numbers = found[1], found[2]
        kind = path.split('/')[1]
        if kind == 'batch':
            return 'text/html', self._batch(name, numbers).encode()
        document = self.documents.get(name, {}).get(int(numbers))
        if document is None:
            return None
        if kind == 'doc':
            return 'image/svg+xml', document
        text = document.decode()
        probe = PROBE.replace('SINK', self.sink(name, int(numbers)))
        if kind == 'host':
            text = re.sub(r'^<\?xml[^>]*\?>', '', text)
            return 'text/html', _host(text, probe).encode()
        address = f'/doc/{name}/{numbers}'
        second = (
            f'<img src="{address}/img"><object data="{address}/object" '
            'type="image/svg+xml"></object>'
            f'<script>fetch("{address}/text").then(r => r.text()).then(t => '
            '{const d = new DOMParser().parseFromString(t, "image/svg+xml");'
            'document.getElementById("place").append('
            'document.importNode(d.documentElement, true)); })</script>'
        )
        return 'text/html', _host('', probe, second).encode()

    def _batch(self, name: str, numbers: str) -> str:
        start, end = map(int, numbers.split('-'))
        # Raw attacks may not carry off the page that watches them.
        sandbox = (
            'sandbox="allow-scripts allow-same-origin allow-forms"'
            if name == 'raw'
            else ''
        )
        kinds = ('host', 'doc') if name == 'raw' else _KINDS
        frames = ''.join(
            f'<iframe src="/{kind}/{name}/{number}" width="800" height="800" '
            f'{sandbox}></iframe>'
            for number in range(start, end)
            if number in self.documents.get(name, {})
            for kind in kinds
        )
        return f'<!DOCTYPE html><meta charset="utf-8"><body>{frames}'


def _host(picture: str, probe: str, after: str = '') -> str:
    page = CANARY.format(picture)
    # The page is looked at once before the picture is part of it.
    return (
        '<!DOCTYPE html><meta charset="utf-8"><style>#place > * '
        '{width: 99px; height: 99px}</style><body>'
        '<p id="canary" class="canary">text</p>'
        f'<script>{probe}window.baseline = look();</script>'
        f'{page.partition("</p>")[2]}{after}'
    )


class _Handler(http.server.BaseHTTPRequestHandler):
    site: Site
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        path = self.path.partition('?')[0]
        served = self.site.page(path)
        if served is None:
            self._hit(path)
            served = _anything(path)
        kind, body = served
        self.send_response(200)
        self.send_header('Content-Type', f'{kind}; charset=utf-8')
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Cache-Control', 'no-store')
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  the base class's name

    def _hit(self, path: str) -> None:
        found = re.match(r'/hit/(\w+)/(\d+)', path)
        if found is None:
            referrer = self.headers.get('Referer', '')
            found = re.search(
                r'/(?:doc|host|second|hit)/(\w+)/(\d+)', referrer
            )
        if found:
            self.site.note(found[1], int(found[2]), path)
        elif path != '/favicon.ico':
            self.site.note('unknown', 0, path)

    def log_message(self, *_):
        """Say nothing."""


def _anything(path: str) -> tuple[str, bytes]:
    """Return something that an attack's request can live with."""
    if path.endswith('.js'):
        return 'text/javascript', b''
    if path.endswith('.css'):
        return 'text/css', b''
    return 'image/svg+xml', b'<svg xmlns="http://www.w3.org/2000/svg"/>'


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200

    def handle_error(self, *_):
        """A browser that leaves early is no fault."""


def serve(site: Site):
    """Start the server; return it for shutting down."""
    handler = type('Handler', (_Handler,), {'site': site})
    server = _Server(('127.0.0.1', 0), handler)
    site.base = f'http://127.0.0.1:{server.server_address[1]}'
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def find_browser() -> tuple[str, str] | None:
    """Return the browser and its driver, where both are installed."""
    driver = shutil.which('chromedriver')
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    return (browser, driver) if browser and driver else None


def quote(text: str) -> str:
    """Return text for a double-quoted attribute."""
    return html.escape(text, quote=True)
