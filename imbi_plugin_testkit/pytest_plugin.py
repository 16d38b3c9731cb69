"""The `pytest11` entry: options only; everything else is imported on use.

This module loads in every pytest run of everyone who has the SDK installed,
so it imports the standard library's cheapest parts and nothing else until
`--imbi-plugin` is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        '--imbi-plugin',
        {
            'action': 'store_true',
            'help': 'Prove that this project keeps the contract of '
            'imbi-plugin-sdk.',
        },
    ),
    (
        '--imbi-plugin-dist',
        {
            'action': 'append',
            'default': [],
            'metavar': 'NAME',
            'help': 'Judge this installed distribution instead of the '
            "project's own; may be repeated.",
        },
    ),
    (
        '--imbi-plugin-wheel',
        {
            'action': 'append',
            'default': [],
            'metavar': 'FILE',
            'help': 'Judge this wheel; may be repeated.',
        },
    ),
    (
        '--imbi-plugin-report',
        {
            'action': 'append',
            'default': [],
            'metavar': 'FILE',
            'help': 'Write the report here; the suffix (.json, .md, .html '
            'or .sarif) says how; may be repeated.',
        },
    ),
    (
        '--imbi-plugin-certificate',
        {
            'default': None,
            'metavar': 'FILE',
            'help': 'Write a conformance certificate (JSON) here.',
        },
    ),
    (
        '--imbi-plugin-strict',
        {
            'action': 'store_true',
            'help': 'Count every SHOULD as an error.',
        },
    ),
    (
        '--imbi-plugin-seed',
        {
            'type': int,
            'default': 0,
            'metavar': 'N',
            'help': 'Seed of all randomness in the laws (default 0).',
        },
    ),
    (
        '--imbi-plugin-profile',
        {
            'choices': ('quick', 'ci', 'deep'),
            'default': None,
            'help': 'How hard the laws look (default: `profile` in '
            '[tool.imbi.testkit], else ci).',
        },
    ),
    (
        '--imbi-plugin-live',
        {
            'action': 'store_true',
            'help': 'Let the sandbox reach the hosts that it names beyond '
            'this machine; says first what it will write.',
        },
    ),
    (
        '--imbi-plugin-read-only',
        {
            'action': 'store_true',
            'help': 'Run only what writes nothing to the backend.',
        },
    ),
)
"""One group of options; a flag without value, for a value swallows a path."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, which cost nothing where they are not used."""
    group = parser.getgroup('imbi-plugin', 'imbi plugin conformance')
    for name, facts in OPTIONS:
        group.addoption(name, **facts)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the hook by which a project gives its sandbox."""
    from imbi_plugin_testkit import hookspecs  # noqa: PLC0415

    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Load the kit where it is asked for.

    Raises:
        pytest.UsageError: An option of the kit stands without the flag, or
            there is nothing to judge.
    """
    if config.getoption('--imbi-plugin'):
        from imbi_plugin_testkit import session  # noqa: PLC0415

        session.register(config)
        return
    for name, facts in OPTIONS[1:]:
        if config.getoption(name) != facts.get('default', False):
            import pytest  # noqa: PLC0415

            raise pytest.UsageError(
                f'{name} does nothing without --imbi-plugin. '
                'Fix: add --imbi-plugin.'
            )
