"""The ledger of PKG and KIT: exactly the expected checks catch each mutant.

A mutant is right but for one thing. Its comment is what its author did.
"""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import datetime as dt
import json
import os
import textwrap
from typing import Any

import pytest

from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.config import Config, SecretException, Waiver
from imbi_plugin_testkit.model import Outcome

PLUGIN = """\
from imbi_plugin_sdk import ConnectionPlugin, PluginManifest


class Good(ConnectionPlugin):
    manifest = PluginManifest(
        slug='good', name='Good', plugin_type='connection'
    )
"""
PACKAGE = 'imbi_plugin_good/__init__.py'
TYPED = {'imbi_plugin_good/py.typed': ''}
VALUE = 'imbi_plugin_good:Good'


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A good distribution with one thing changed.

    Attributes:
        fires: Ids that must fire, and no other.
        code: What is put before the plugin's class.
        says: What one of the messages must hold.
        plugin: The plugin's source.
        make: Keywords of `make_distribution`.
        config: Keywords of `Config`.
        project: Parsed pyproject.toml.
        spoil: Called with the made distribution, before it is judged.
    """

    fires: str
    code: str = ''
    says: str = ''
    plugin: str = PLUGIN
    make: dict[str, Any] = dataclasses.field(default_factory=dict)
    config: dict[str, Any] = dataclasses.field(default_factory=dict)
    project: dict[str, Any] | None = None
    spoil: Any = None

    def subject(self, make_distribution):
        source = f'{textwrap.dedent(self.code)}\n{self.plugin}'
        facts = {
            'files': {PACKAGE: source, **TYPED},
            'entry_points': {'good': VALUE},
            **self.make,
        }
        if facts['files'] is not None:
            facts['files'] = {
                path: source if text is None else text
                for path, text in facts['files'].items()
            }
        made = make_distribution(**facts)
        more = self.spoil(made) if self.spoil else None
        config = Config(**{'import_warning': 5.0, **self.config})
        return made.subject(config, self.project, **(more or {}))


def entry(**entry_points):
    return {'entry_points': entry_points}


def ships(paths):
    """Return the good files with others; `None` is the plugin's source."""
    return {'files': {PACKAGE: None, **TYPED, **paths}}


STATIC = 'imbi_plugin_good/imbi_plugin.json'


def static(**facts):
    """Return a static manifest of the good plugin, or nearly."""
    manifest = {'slug': 'good', 'name': 'Good', 'plugin_type': 'connection'}
    plugins = {'good': {**manifest, **facts}}
    return json.dumps({'format_version': 1, 'plugins': plugins})


def declares(**plugin):
    return {
        'tool': {
            'imbi': {
                'plugin': {
                    key.replace('_', '-'): value
                    for key, value in plugin.items()
                }
            }
        }
    }


def waives(*waivers):
    return {'waivers': tuple(Waiver(**facts) for facts in waivers)}


EXCUSES = {'secret_exceptions': (SecretException('options[0].default', 'r'),)}


def change_a_file(made):
    with (made.site / PACKAGE).open('a') as file:
        file.write('# patched in place\n')


def remove_a_file(made):
    (made.site / 'imbi_plugin_good' / 'py.typed').unlink()


def forget_in_record(made):
    """Ship a module that RECORD does not list."""
    return {'shipped': made.shipped - {PACKAGE}}


def add_to_the_wheel(made):
    import zipfile  # noqa: PLC0415

    wheel = made.wheel()
    with zipfile.ZipFile(wheel, 'a') as archive:
        archive.writestr('imbi_plugin_good/extra.py', '')
    return {'wheel': wheel, 'source': 'wheel'}


UNTYPED = {'files': {PACKAGE: None}}
TWO = """
class Other(ConnectionPlugin):
    manifest = PluginManifest(
        slug='SLUG', name='Other', plugin_type='connection'
    )
"""
YESTERDAY = dt.date(2000, 1, 1)
NEEDS_A_SANDBOX = {'files': None, 'entry_points': None}

MUTANTS = (
    # a hyphen where Python wants an underscore
    Mutant('PKG001', make=entry(good='imbi-plugin-good:Good'),
           says='underscores'),
    # the class is missing
    Mutant('PKG001', make=entry(good='imbi_plugin_good'), says='colon'),
    # extras, which old tools wrote
    Mutant('PKG001', make=entry(good=f'{VALUE} [aws]'), says='brackets'),
    # the manifest was copied with its slug
    Mutant('PKG002 PKG003', plugin=PLUGIN + TWO.replace('SLUG', 'good'),
           make=entry(good=VALUE, other='imbi_plugin_good:Other'),
           says="'good' belongs to good and other"),
    # one class under two names
    Mutant('PKG002 PKG003', make=entry(good=VALUE, other=VALUE)),
    # the entry point was named after the package
    Mutant('PKG003', make=entry(imbi_plugin_good=VALUE), says="'good'"),
    # the SDK was only in the development environment
    Mutant('PKG004', make={'requires': ['httpx>=0.27']}),
    # the SDK only with an extra
    Mutant('PKG004', make={'requires': ['imbi-plugin-sdk; extra == "dev"']},
           says='extra'),
    # a name that is nearly the SDK's
    Mutant('PKG004', make={'requires': ['imbi-plugins-sdk']},
           says='imbi-plugins-sdk'),
    # written for a contract to come
    Mutant('PKG005', make={'requires': ['imbi-plugin-sdk>=99']}, says='99'),
    # written for one that is gone
    Mutant('PKG005', make={'requires': ['imbi_plugin.sdk<0.0.1']}),
    # py.typed was forgotten
    Mutant('PKG006', make=UNTYPED, says='imbi_plugin_good'),
    # pyproject.toml kept an old slug
    Mutant('PKG007', project=declares(slug='gut'), says="'gut'"),
    # … another type
    Mutant('PKG007', project=declares(slug='good', plugin_type='logs')),
    # … another version
    Mutant('PKG007', project=declares(slug='good', api_version='>=1.1')),
    # … a class that was renamed
    Mutant('PKG007', project=declares(entry_point='imbi_plugin_good:Old')),
    # a key with an underscore
    Mutant('PKG007',
           project={'tool': {'imbi': {'plugin': {'plugin_type': 'logs'}}}},
           says="'plugin-type'"),
    # both forms at once
    Mutant('PKG007', project=declares(slug='good', plugins=[]), says='alone'),
    # one of several is about no plugin at all
    Mutant('PKG007', plugin=PLUGIN + TWO.replace('SLUG', 'other'),
           make=entry(good=VALUE, other='imbi_plugin_good:Other'),
           project=declares(plugins=[{'slug': 'good'}, {'slug': 'third'}]),
           says='neither'),
    # the module is on the path, but not in the wheel
    Mutant('PKG008', spoil=forget_in_record),
    # the module is nowhere
    Mutant('PKG008', make=entry(good='imbi_plugin_good.handler:Good'),
           says='imbi_plugin_good.handler'),
    # the version was raised after the install
    Mutant('PKG009', project={'project': {'version': '1.1'}}, says="'1.1'"),
    # a file was edited where it was installed
    Mutant('PKG010', spoil=change_a_file, says='not the file'),
    # a file was removed
    Mutant('PKG010', spoil=remove_a_file, says='not there'),
    # a file was put into the wheel by hand
    Mutant('PKG010', spoil=add_to_the_wheel, says='does not list'),
    # a module for the SDK's own package
    Mutant('PKG012',
           make=ships({'imbi_plugin_sdk/extra.py': ''}),
           says='imbi_plugin_sdk'),
    # a module named like the library's
    Mutant('PKG012', make=ships({'json.py': ''}), says='json'),
    # one name, two classes
    Mutant('PKG003 PKG013', plugin=PLUGIN + TWO.replace('SLUG', 'other'),
           make={'dist_info_extra': {'entry_points.txt':
                 f'[imbi.plugins]\ngood = {VALUE}\n'
                 'good = imbi_plugin_good:Other\n'}},
           says='at once'),
    # the tests are in the wheel
    Mutant('PKG014', make=ships({'tests/test_good.py': ''}),
           says='tests'),
    # one of two entry points in a group that nobody reads
    Mutant('PKG015',
           make=entry(good=VALUE, **{'imbi-plugins': {'other': VALUE}}),
           says='imbi-plugins'),
    # a static manifest of yesterday
    Mutant('PKG016', make=ships({STATIC: static(name='Better')}),
           says="'name'"),
    # one that hides an option
    Mutant('PKG016', make=ships({STATIC: static(
               options=[{'name': 'region', 'label': 'Region'}])}),
           says="'options'"),
    # one for another entry point
    Mutant('PKG016', make=ships({STATIC: static().replace('"good": {',
                                                          '"gut": {')}),
           says="lacks the plugin 'good'"),
    # one that no manifest may be
    Mutant('PKG016', make=ships({STATIC: static(slug='No Slug')}),
           says='slug'),
    # one that is cut off
    Mutant('PKG016', make=ships({STATIC: static()[:-9]}),
           says='no static manifest'),
    # raises
    Mutant('PKG101', 'raise ValueError("no region")',
           says='imbi_plugin_good/__init__.py:1'),
    # is no Python
    Mutant('PKG101', 'def broken(:', says='SyntaxError'),
    # recurses
    Mutant('PKG101', 'def f(): f()\nf()', says='RecursionError'),
    # an exception that cannot be shown
    Mutant('PKG101', 'class E(Exception):\n'
           '    def __str__(self): raise SystemExit\nraise E', says='E:'),
    # needs what is not required
    Mutant('PKG101', 'import boto4', says='requires no distribution'),
    # needs what is required, and not here
    Mutant('PKG101', 'import boto4',
           make={'requires': ['imbi-plugin-sdk', 'boto4>=1']},
           says='not installed here'),
    # forgot a module in the wheel
    Mutant('PKG101', 'import imbi_plugin_good.client', says='does not ship'),
    # reads a file of the project's folder
    Mutant('PKG101', 'open("README.md")', says='FileNotFoundError'),
    # a lazy module whose class cannot be made
    Mutant('PKG101', plugin='def __getattr__(name): raise ImportError(name)',
           says='ImportError'),
    # never ends
    Mutant('PKG102', 'while True: pass', config={'import_deadline': 0.5},
           says='imbi_plugin_good/__init__.py:1'),
    # waits in the library
    Mutant('PKG102', 'import time\ntime.sleep(60)',
           config={'import_deadline': 0.5},
           says='imbi_plugin_good/__init__.py:2'),
    # waits in C, with the lock held
    Mutant('PKG102', 'import re\nre.match("(a*)*$", "a" * 50 + "b")',
           config={'import_deadline': 0.5}, says='hung'),
    # exits
    Mutant('PKG103', 'import sys\nsys.exit("no license")', says='SystemExit'),
    Mutant('PKG103', 'import os\nos._exit(0)', says='exit code 0'),
    Mutant('PKG103', 'import os\nos.kill(os.getpid(), 11)', says='SIGSEGV'),
    Mutant('PKG103', 'raise KeyboardInterrupt', says='KeyboardInterrupt'),
    Mutant('PKG103', 'import os\nif os.fork(): os._exit(3)',
           says='exit code 3'),
    # misspelt
    Mutant('PKG104', make=entry(good='imbi_plugin_good:Goood'),
           says="Did you mean 'Good'?"),
    # names a module
    Mutant('PKG104', 'import json as module',
           make=entry(good='imbi_plugin_good:module'), says='a module'),
    # a function
    Mutant('PKG104', 'def make(): return Good()',
           make=entry(good='imbi_plugin_good:make'), says='a function make'),
    # an instance
    Mutant('PKG104', plugin=PLUGIN + '\nplugin = Good()',
           make=entry(good='imbi_plugin_good:plugin'), says='type Good'),
    # prints
    Mutant('PKG110', 'print("loading")', says='loading'),
    Mutant('PKG110', 'import os\nos.write(2, b"loading")', says='loading'),
    Mutant('PKG110', 'import logging\nlogging.getLogger("x").error("ready")',
           says='ready'),
    Mutant('PKG111', 'import os\nos.chdir("/")',
           says='imbi_plugin_good/__init__.py:2'),
    Mutant('PKG112', 'import os\nos.environ["AWS_REGION"] = "x"',
           says='AWS_REGION was set'),
    Mutant('PKG112', 'import os\ndel os.environ["HOME"]',
           says='HOME was unset'),
    Mutant('PKG113', 'import sys\nsys.path.insert(0, "/vendored")',
           says='/vendored'),
    Mutant('PKG114', 'import signal\n'
           'signal.signal(signal.SIGTERM, lambda *_: None)', says='SIGTERM'),
    Mutant('PKG114', 'import signal\nsignal.alarm(600)', says='alarm'),
    Mutant('PKG115', 'import logging\nlogging.basicConfig(level=10)',
           says='root'),
    Mutant('PKG115', 'import logging\nlogging.disable(50)',
           says='logging.disable'),
    Mutant('PKG115', 'import json, logging\n'
           'logging.getLogger("json").setLevel(50)', says="'json'"),
    Mutant('PKG115', 'import logging\n'
           'class Mine(logging.Logger): pass\nlogging.setLoggerClass(Mine)',
           says='logger class'),
    Mutant('PKG116', 'import warnings\nwarnings.simplefilter("ignore")',
           says='ignore'),
    Mutant('PKG117', 'import threading, time\n'
           'threading.Thread(target=time.sleep, args=(60,), name="poller",'
           ' daemon=True).start()', says='poller'),
    # connects and hides that it could not
    Mutant('PKG118', 'import socket\ntry:\n'
           '    socket.create_connection(("127.0.0.1", 9))\n'
           'except OSError: pass', says='127.0.0.1'),
    # connects, and does not import without
    Mutant('PKG118', 'import socket\n'
           'socket.socket().connect(("127.0.0.1", 9))', says=':2'),
    Mutant('PKG118', 'import socket\ntry:\n'
           '    socket.socket().bind(("127.0.0.1", 0))\n'
           'except OSError: pass', says='bind'),
    Mutant('PKG119', 'import subprocess\nsubprocess.run(["true"])',
           says='true'),
    Mutant('PKG119', 'import os\nos.system("true --token=x")', says="'true'"),
    Mutant('PKG120', 'open("cache.db", "w").close()', says='cache.db'),
    Mutant('PKG120', 'from pathlib import Path\n'
           '(Path.home() / ".good").mkdir()', says='mkdir'),
    # of a module that nobody had imported before
    Mutant('PKG121', 'import ssl\nssl._create_default_https_context ='
           ' ssl._create_unverified_context',
           says='ssl._create_default_https_context'),
    # of an inherited method
    Mutant('PKG121', 'import socket\n'
           'socket.socket.connect = lambda *_: None',
           says='socket.socket.connect'),
    # of the SDK
    Mutant('PKG121', 'import imbi_plugin_sdk.manifest as m\n'
           'm.PluginManifest.problems_of = lambda *_: ()',
           says='PluginManifest.problems_of'),
    # of a constant
    Mutant('PKG121', 'import http.client\nhttp.client._MAXHEADERS = 1000',
           says='_MAXHEADERS'),
    # of everything
    Mutant('PKG121', 'import builtins\nbuiltins._ = str',
           says='builtins._ was added'),
    Mutant('PKG121', 'import sys, types\n'
           'sys.modules["json"] = types.ModuleType("json")', says='json'),
    Mutant('PKG122', 'import sys\nsys.excepthook = lambda *_: None',
           says='excepthook'),
    Mutant('PKG122', 'import sys\nsys.setrecursionlimit(50_000)',
           says='50000'),
    Mutant('PKG122', 'import os\nos.umask(0)', says='umask'),
    Mutant('PKG122', 'import socket\nsocket.setdefaulttimeout(1)',
           says='time'),
    Mutant('PKG122', 'import sys\n'
           'class Finder:\n'
           '    def find_spec(self, *_): return None\n'
           'sys.meta_path.insert(0, Finder())', says='Finder'),
    # slow
    Mutant('PKG130', 'import time\ntime.sleep(0.2)',
           config={'import_warning': 0.1}, says='0.2 s'),
    # heavy
    Mutant('PKG131', 'import asyncio, unittest.mock, xml.etree.ElementTree',
           config={'import_modules': 10}, says='asyncio'),
    # no sandbox
    Mutant('KIT001', make=NEEDS_A_SANDBOX, says='no sandbox'),
    # a sandbox that is not there
    Mutant('KIT002', make=NEEDS_A_SANDBOX,
           config={'sandbox': 'no_such_module:make'}, says='no_such_module'),
    # waivers, each with something to waive
    Mutant('KIT003 PKG006', make=UNTYPED,
           config=waives({'check': 'PKG006', 'reason': ' '})),
    Mutant('KIT004', config=waives({'check': 'PKG0006', 'reason': 'r'}),
           says="'PKG006'"),
    Mutant('KIT004', config=waives({'check': 'pkg006', 'reason': 'r'})),
    Mutant('KIT005',
           config=waives({'check': 'PKG006', 'reason': 'r', 'plugin': 'go'}),
           says='good'),
    Mutant('KIT006 PKG006', make=UNTYPED,
           config=waives({'check': 'PKG006', 'reason': 'r',
                          'expires': YESTERDAY}), says='2000-01-01'),
    Mutant('KIT007', config=waives({'check': 'PKG006', 'reason': 'r'})),
    Mutant('KIT007',
           config=waives({'check': 'PKG104', 'reason': 'r',
                          'plugin': 'good'}), says='good'),
    Mutant('KIT008', config=waives({'check': 'PKG012', 'reason': 'r'}),
           says='operators'),
    Mutant('KIT008', config=waives({'check': 'KIT001', 'reason': 'r'}),
           says='honest'),
    Mutant('KIT009', config=EXCUSES, says='options[0].default'),
)  # fmt: skip

_POSIX_ONLY = ('os.fork', 'os.kill', 'signal.alarm')


def _names():
    """Return `PKG101-3` for the third mutant that PKG101 alone catches."""
    seen = collections.Counter()
    for mutant in MUTANTS:
        seen[mutant.fires] += 1
        fires = mutant.fires.replace(' ', '+')
        yield f'{fires}-{seen[mutant.fires]}'


# One mutant leaves a socket open for the garbage collector to find.
@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')
@pytest.mark.parametrize('mutant', MUTANTS, ids=list(_names()))
def test_exactly_the_expected_checks_catch_a_mutant(
    mutant, make_distribution, judge
):
    if os.name == 'nt' and any(word in mutant.code for word in _POSIX_ONLY):
        pytest.skip('only where there are signals and forks')
    found = judge(mutant.subject(make_distribution))
    assert sorted(found) == mutant.fires.split(), found
    told = [
        finding
        for results in found.values()
        for result in results
        for finding in result.findings
    ]
    assert any(mutant.says in finding.message for finding in told), told
    assert all(finding.fix.strip() for finding in told)


def test_a_good_distribution_passes(make_distribution, judge):
    assert judge(Mutant('').subject(make_distribution)) == {}


def test_the_configuration_plugin_of_the_fixture_passes(
    make_distribution, judge
):
    config = Config(sandbox='none', sandbox_reason='no backend')
    also = {Outcome.UNTESTABLE}
    found = judge(make_distribution().subject(config), also=also)
    assert set(found) <= {'KIT002'}, found


ODD_BUT_RIGHT = (
    # makes a logger, with the handler that the logging guide asks for
    'import logging\n'
    'logging.getLogger(__name__).addHandler(logging.NullHandler())\n'
    'logging.getLogger(__name__).setLevel(10)\n'
    'logging.getLogger("json").addHandler(logging.NullHandler())',
    # compiles, registers, caches
    'import atexit, codecs, functools, re\n'
    'PATTERN = re.compile("a+")\natexit.register(print, "bye")\n'
    'codecs.register(lambda name: None)\n'
    'cached = functools.lru_cache(lambda x: x)\ncached(1)',
    # reads its own files
    'import importlib.resources\n'
    'TEXT = importlib.resources.files(__name__).joinpath("py.typed")'
    '.read_text()',
    # has big friends in the library
    'import asyncio, concurrent.futures, contextvars, ctypes, dataclasses\n'
    'import email.message, http.client, multiprocessing, sqlite3, ssl\n'
    'import tempfile, unittest.mock, urllib.request, uuid, zoneinfo\n'
    'TENANT = contextvars.ContextVar("tenant")\n'
    'LOCK, ZONE = asyncio.Lock(), zoneinfo.ZoneInfo("UTC")\n'
    'CONTEXT = ssl.create_default_context()\n'
    'TEMPORARY = tempfile.gettempdir()',
    # models and enumerations of its own
    'import enum, pydantic, typing\n'
    'class Kind(enum.StrEnum):\n    A = "a"\n'
    'T = typing.TypeVar("T")\n'
    'class Page(pydantic.BaseModel, typing.Generic[T]):\n'
    '    items: list[T]\n    next: "Page[T] | None" = None\n'
    'Page[int].model_validate({"items": [1]})\n'
    'pydantic.TypeAdapter(list[Kind]).json_schema()',
    # makes a socket and an event loop, and connects nothing
    'import asyncio, socket\nsocket.socket().close()\n'
    'asyncio.new_event_loop().close()',
    # puts things back
    'import os, warnings\n'
    'with warnings.catch_warnings():\n    warnings.simplefilter("ignore")\n'
    'here = os.getcwd()\nos.chdir("/")\nos.chdir(here)\n'
    'os.environ["X"] = "1"\ndel os.environ["X"]',
    # needs a client, if there is one
    'try:\n    import httpx\nexcept ImportError:\n    httpx = None',
    # a thread that has ended
    'import threading\nthread = threading.Thread(target=int)\n'
    'thread.start()\nthread.join()',
    # an invalid escape, which warns only while it is compiled
    "PATTERN = '\\d'",
)


@pytest.mark.parametrize('code', ODD_BUT_RIGHT)
def test_an_odd_but_right_module_has_no_finding(
    code, make_distribution, judge
):
    assert judge(Mutant('', code).subject(make_distribution)) == {}


ODD_DISTRIBUTIONS = {
    'the class is made when it is asked for': {
        'files': {
            PACKAGE: 'def __getattr__(name):\n'
            '    if name != "Good":\n        raise AttributeError(name)\n'
            '    from imbi_plugin_good import _handler\n'
            '    return _handler.Good\n',
            'imbi_plugin_good/_handler.py': None,
            **TYPED,
        },
    },
    'a single module': {
        'files': {'imbi_plugin_good.py': None},
    },
    'a namespace package': {
        'files': {'acme/good/__init__.py': None, 'acme/good/py.typed': ''},
        'entry_points': {'good': 'acme.good:Good'},
    },
    'a nested class': {
        'files': {
            PACKAGE: PLUGIN.replace('Good(', 'Inner(')
            + '\nclass Outer:\n    Good = Inner\n',
            **TYPED,
        },
        'entry_points': {'good': 'imbi_plugin_good:Outer.Good'},
    },
    'spaces around the colon': {
        'entry_points': {'good': 'imbi_plugin_good : Good'},
    },
    'other groups': {
        'entry_points': {
            'good': VALUE,
            'console_scripts': {'good': 'imbi_plugin_good:main'},
        },
    },
    'a static manifest': ships({STATIC: static()}),
    'a static manifest with defaults': ships(
        {STATIC: static(options=[], api_version=1)}
    ),
    'the SDK with an extra and a marker': {
        'requires': ['imbi_plugin_sdk[x]>=0.1; python_version >= "3.8"'],
    },
    'the SDK by address': {
        'requires': ['imbi-plugin-sdk @ https://example.com/sdk.whl'],
    },
}


@pytest.mark.parametrize('facts', ODD_DISTRIBUTIONS.values(),
                         ids=ODD_DISTRIBUTIONS)  # fmt: skip
def test_an_odd_but_right_distribution_has_no_finding(
    facts, make_distribution, judge
):
    assert judge(Mutant('', make=facts).subject(make_distribution)) == {}


@pytest.mark.parametrize(
    'project',
    [
        declares(slug='good', name='Good', plugin_type='connection'),
        declares(api_version=1, entry_point=VALUE),
        declares(api_version='1', entry_point='good'),
        declares(plugins=[{'slug': 'good', 'plugin-type': 'connection'}]),
        {'project': {'version': '1.0.0'}},
        {'project': {'dynamic': ['version']}},
    ],
)
def test_a_project_that_agrees_has_no_finding(
    project, make_distribution, judge
):
    assert judge(Mutant('', project=project).subject(make_distribution)) == {}


NOISE = """\
import logging, os, sys, threading, time, warnings
print('noise')
os.environ['NOISE'] = '1'
sys.path.append('/noise')
logging.basicConfig(level=10)
warnings.simplefilter('ignore')
sys.excepthook = print
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
def loud(): os.environ['LOUD'] = '1'
"""


@pytest.mark.parametrize(
    ('code', 'fires'),
    [('import noisy', []), ('import noisy\nnoisy.loud()', ['PKG112'])],
)
def test_what_a_dependency_does_is_not_the_author_s_doing(
    code, fires, make_distribution, judge
):
    other = make_distribution('noisy', files={'noisy.py': NOISE})
    subject = Mutant('', code).subject(make_distribution)
    subject.search_path += (str(other.site),)
    assert sorted(judge(subject)) == fires


def test_a_failed_import_leaves_what_depends_on_it_untestable(
    make_distribution, judge
):
    mutant = Mutant('', 'while True: pass', config={'import_deadline': 0.3})
    subject = mutant.subject(make_distribution)
    found = judge(subject, also={Outcome.UNTESTABLE})
    outcomes = {check: results[0].outcome for check, results in found.items()}
    assert outcomes.pop('PKG102') == Outcome.FAILED
    assert set(outcomes.values()) == {Outcome.UNTESTABLE}
    assert {'PKG003', 'PKG101', 'PKG103', 'PKG104', 'PKG110'} <= set(outcomes)
    reason = found['PKG101'][0].reason
    assert 'PKG103' in reason


def test_a_waiver_that_is_needed_is_no_finding(make_distribution, judge):
    config = waives({'check': 'PKG006', 'reason': 'stubs are elsewhere'})
    mutant = Mutant('', make=UNTYPED, config=config)
    found = judge(mutant.subject(make_distribution), also={Outcome.WAIVED})
    assert {check: results[0].outcome for check, results in found.items()} == {
        'PKG006': Outcome.WAIVED
    }


def test_the_stub_of_a_sandbox_is_python_that_names_the_credentials(
    make_distribution, judge
):
    mutant = Mutant('', make=NEEDS_A_SANDBOX)
    found = judge(mutant.subject(make_distribution))
    fix = found['KIT001'][0].findings[0].fix
    assert 'sandbox = "tests.sandbox:make"' in fix
    assert max(map(len, fix.splitlines())) < 72  # reports wrap longer ones
    source = fix.partition('tests/sandbox.py:\n')[2].partition('\nOr ')[0]
    names = {}
    exec(compile(source, 'sandbox.py', 'exec'), names)
    sandbox = names['make'](None)
    asyncio.run(sandbox.__aenter__())
    assert list(sandbox.credentials) == ['client_secret']
    assert sandbox.context.assignment_options == {'path_prefix': '/imbi'}


def _ours():
    return [
        check
        for check in catalogue().values()
        if check.family in ('PKG', 'KIT')
    ]


def test_every_check_has_a_mutant():
    caught = {word for mutant in MUTANTS for word in mutant.fires.split()}
    assert caught == {check.id for check in _ours()}


@pytest.mark.parametrize('check', _ours(), ids=lambda check: check.id)
def test_every_check_says_why_and_what_to_do(check):
    assert len(check.rationale) >= 80
    assert check.fix.strip().endswith('.')
    assert check.title
    assert check.title[0].islower() or check.title[0] == '`'
