"""The package root: what it offers, how cheaply, and under which names."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import imbi_plugin_sdk as sdk

FACTS = json.loads(
    Path(__file__).with_name('contract_v1.json').read_text(encoding='utf-8')
)
LATER = {
    'ContractError',
    'IconError',
    'ManifestError',
    'PluginError',
    'PluginIcon',
    'PluginRegistry',
    'Problem',
    'ProblemsError',
    'TemplateVariable',
    'ThirdPartyServiceTemplate',
    'conformance',
}


def test_the_names_are_those_of_version_1_and_the_later_ones():
    kinds = ('models', 'handlers', 'aliases', 'errors', 'functions')
    version_1 = {name for kind in kinds for name in FACTS[kind]}
    assert set(sdk.__all__) == version_1 | LATER | {'__version__'}


def test_dir_shows_the_public_names_and_no_more():
    assert dir(sdk) == sorted(sdk.__all__)


@pytest.mark.parametrize('name', sdk.__all__)
def test_a_name_can_be_imported_and_is_remembered(name):
    value = getattr(sdk, name)
    assert value is not None
    assert vars(sdk)[name] is value


def test_type_checkers_see_the_names_of_the_table():
    tree = ast.parse(inspect.getsource(sdk))
    seen = {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or '').startswith('imbi_plugin_sdk.')
        and node.col_offset == 4
        for alias in node.names
    }
    seen -= {None}
    assert seen | {'__version__'} == set(sdk.__all__)


def test_the_table_names_the_module_that_type_checkers_see():
    tree = ast.parse(inspect.getsource(sdk))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.col_offset == 4:
            module = importlib.import_module(node.module)
            for alias in node.names:
                if alias.asname:
                    assert getattr(sdk, alias.name) is getattr(
                        module, alias.name
                    )


@pytest.mark.parametrize('name', sdk.__all__)
def test_a_traceback_names_a_public_module(name):
    value = getattr(sdk, name)
    if not inspect.isclass(value):
        return
    module = value.__module__
    assert module.startswith('imbi_plugin_sdk.')
    assert not any(part.startswith('_') for part in module.split('.'))
    assert getattr(importlib.import_module(module), name) is value


def test_an_unknown_name_comes_with_the_likely_one():
    with pytest.raises(AttributeError, match="mean 'PluginManifest'"):
        _ = sdk.PluginManifst
    with pytest.raises(ImportError):
        exec('from imbi_plugin_sdk import Nonsense')


def test_the_version_is_that_of_the_distribution():
    version = importlib.metadata.version('imbi-plugin-sdk')
    assert sdk.__version__ == version


def test_importing_the_package_alone_imports_nothing_costly():
    code = (
        'import sys, imbi_plugin_sdk\n'
        'costly = {"pydantic", "packaging", "importlib.metadata", "inspect"}\n'
        'own = [m for m in sys.modules if m.startswith("imbi_plugin_sdk.")]\n'
        'print(sorted(costly & set(sys.modules)), own)'
    )
    # -S: a .pth file of the environment may import what it likes.
    source = str(Path(sdk.__file__).parents[1])
    code = f'import sys; sys.path.insert(0, {source!r})\n{code}'
    done = subprocess.run(
        [sys.executable, '-S', '-c', code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == '[] []'


HOST_RULES = [
    'catalog',
    'contract',
    'contract_lock',
    'invocation',
    'invocation.errors',
    'invocation.renewal',
    'invocation.responses',
    'manifest_diff',
    'options',
    'provisioning',
    'records',
    'redaction',
    'registry',
    'registry.adapters',
    'resolution',
    'search_templates',
    'throttling',
]


@pytest.mark.parametrize('name', HOST_RULES)
def test_a_module_for_hosts_lists_what_is_public_and_documents_it(name):
    module = importlib.import_module(f'imbi_plugin_sdk.{name}')
    assert len(set(module.__all__)) == len(module.__all__)
    for public in module.__all__:
        value = getattr(module, public)
        assert not public.startswith('_')
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, public


@pytest.mark.parametrize(
    'name', ['records', 'redaction', 'search_templates', 'throttling']
)
def test_what_is_defined_without_an_underscore_is_listed(name):
    module = importlib.import_module(f'imbi_plugin_sdk.{name}')
    defined = {
        public
        for public, value in vars(module).items()
        if (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module.__name__
        and not public.startswith('_')
    }
    assert defined <= set(module.__all__)


def test_a_host_as_the_type_checkers_see_it_can_be_imported():
    """`tests/typing/host.py` names nothing that is not there."""
    path = Path(__file__).parents[1] / 'typing' / 'host.py'
    tree = ast.parse(path.read_text('utf-8'))
    seen = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith('imbi'):
            module = importlib.import_module(node.module)
            for alias in node.names:
                assert alias.name in module.__all__, alias.name
                seen += 1
    assert seen > 50
