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
