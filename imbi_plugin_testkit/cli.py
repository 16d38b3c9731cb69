"""The command line `imbi-plugin`: the kit without pytest, and its knowledge.

Exit codes: 0 all is well; 1 the judged thing does not hold; 2 the request
makes no sense, or the answer cannot be written; 141 the reader went away
before there was an answer.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from imbi_plugin_sdk._text import did_you_mean
from imbi_plugin_testkit.commands import CLOSED, USAGE, complain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class Parser(argparse.ArgumentParser):
    """A parser that answers a misspelt command with a did-you-mean."""

    commands: tuple[str, ...] = ()

    def error(self, message: str) -> NoReturn:
        """Print the message, the likely slip and how to get help."""
        if 'required' in message:
            print(' '.join(self.format_usage().split()), file=sys.stderr)
        words = [word for word in sys.argv[1:2] if not word.startswith('-')]
        hint = ''
        if self.commands and words and words[0] not in self.commands:
            hint = did_you_mean(words[0], self.commands)
        print(
            f'{self.prog}: {message}.{hint} Fix: see `{self.prog} --help`.',
            file=sys.stderr,
        )
        raise SystemExit(USAGE)


class Command(NamedTuple):
    """One command.

    Attributes:
        module: Where it lives, below `imbi_plugin_testkit.commands`.
        function: Its function there, from parsed arguments to an exit code.
        help: What it does, in a line.
        arguments: Function that declares its arguments, if it has any.
    """

    module: str
    function: str
    help: str
    arguments: str = ''


COMMANDS: Mapping[str, Command] = {
    'new': Command(
        'new', 'new', 'write a package to make a plugin of', 'add_new'
    ),
    'check': Command(
        'judging',
        'check_plugin',
        'judge a distribution, a wheel or this project',
        'add_check',
    ),
    'explain': Command(
        'judging', 'explain', 'say what an id is about', 'add_explain'
    ),
    'list': Command('judging', 'list_checks', 'list checks', 'add_list'),
    'icon': Command('icon', 'icon', 'make an icon safe', 'add_icon'),
    'secrets': Command(
        'secrets', 'secrets', 'find secrets in JSON or TOML', 'add_secrets'
    ),
    'preview': Command(
        'preview',
        'preview',
        'show what operators see before they install',
        'add_preview',
    ),
    'snapshot': Command(
        'preview',
        'snapshot',
        'write a static manifest into the package',
        'add_snapshot',
    ),
    'schema': Command(
        'schema', 'schema', 'print the JSON Schema of a document', 'add_schema'
    ),
    'report': Command(
        'reports', 'report', 'join the reports of several runs', 'add_report'
    ),
    'certificate': Command(
        'reports',
        'certificate',
        'hold a certificate against what is here',
        'add_certificate',
    ),
    'doctor': Command(
        'doctor', 'doctor', 'load plugins as a host would', 'add_doctor'
    ),
    'contract': Command(
        'host', 'contract', 'compare contract locks', 'add_contract'
    ),
    'compare': Command(
        'host',
        'compare',
        'say what a release changes for operators',
        'add_compare',
    ),
    'catalog': Command(
        'host', 'catalog', 'judge a catalog document', 'add_catalog'
    ),
    'completion': Command(
        'completion',
        'completion',
        'print what a shell needs to complete commands',
        'add_completion',
    ),
}
"""Name to command; adding one touches this table."""


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    root = Parser(
        prog='imbi-plugin',
        description='Prove that a plugin keeps the contract of Imbi.',
        epilog='Exit codes: 0 well, 1 does not hold, 2 usage.',
    )
    root.commands = tuple(COMMANDS)
    root.add_argument(
        '--version',
        action='version',
        version=f'imbi-plugin-sdk {metadata.version("imbi-plugin-sdk")}',
        help='show the version of the kit and the SDK, and exit',
    )
    commands = root.add_subparsers(metavar='COMMAND', required=True)
    for name, command in COMMANDS.items():
        one = commands.add_parser(name, help=command.help)
        module = importlib.import_module(
            f'imbi_plugin_testkit.commands.{command.module}'
        )
        function = getattr(module, command.function)
        one.description = function.__doc__
        one.set_defaults(function=function)
        one.add_argument(
            '--json', action='store_true', help='print data instead of text'
        )
        if command.arguments:
            getattr(module, command.arguments)(one)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    root = parser()
    words = sys.argv[1:] if argv is None else argv
    # What is judged may hold what a console has no character for; what
    # stands in for the console, in tests, may not care.
    reconfigure: Any = getattr(sys.stdout, 'reconfigure', None)
    if reconfigure is not None:
        reconfigure(errors='replace')
    if not words:
        root.print_help(sys.stderr)
        return USAGE
    arguments = root.parse_args(words, argparse.Namespace(parser=root))
    code = CLOSED
    try:
        code = int(arguments.function(arguments))
        # Here and not at exit, where nobody could catch what comes of it.
        sys.stdout.flush()
    except BrokenPipeError:
        # `imbi-plugin list | head` has read enough. That is no verdict.
        _write_no_more()
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        _write_no_more()
        return complain(
            f'the output cannot be written: {error.strerror}. '
            'Fix: make room, or write elsewhere.'
        )
    return code


def _write_no_more() -> None:
    """Let what is still to be written go, or the interpreter would try."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == '__main__':
    raise SystemExit(main())
