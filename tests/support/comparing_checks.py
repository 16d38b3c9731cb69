"""Which checks hold two values against each other, read from their code.

From the body of a check on, calls are followed through the modules of checks
and laws, as far as names tell where they go. A function compares where it
gives a finding its two values.
"""

from __future__ import annotations

import ast
import functools
import inspect
from pathlib import Path

from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.checks._values import PATTERNS

HOME = 'imbi_plugin_testkit'
GIVES = {'comparing', 'with_values'}
"""Calls that give a finding its values; `diverges(seen=...)` is another."""

SIGNATURES = {
    'class_is_abstract',
    'constructor_arguments',
    'method_is_coroutine',
    'method_missing',
    'method_not_coroutine',
    'method_renamed',
    'not_a_classmethod',
    'not_callable',
    'parameter_default',
    'parameter_extra',
    'parameter_kind',
    'parameter_missing',
    'parameter_renamed',
    'parameter_reordered',
    'static_method',
}
"""Codes of conformance, where the two heads of a method are shown."""

SHAPES = {'shape_problems', 'return_problems'}
"""What a law needs of any answer is told by ASY002 alone."""


@functools.cache
def module(name):
    """Return functions and methods by name, and where imports come from."""
    folder = Path(inspect.getfile(inspect.unwrap(catalogue))).parent.parent
    path = folder.joinpath(*name.split('.')[1:])
    path = path / '__init__.py' if path.is_dir() else path.with_suffix('.py')
    tree = ast.parse(path.read_text('utf-8'))
    functions, imports = {}, {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            functions.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ''
            if source.startswith((f'{HOME}.laws', f'{HOME}.checks.')):
                for alias in node.names:
                    imports[alias.asname or alias.name] = source, alias.name
    classes = {
        node.name: node for node in tree.body if isinstance(node, ast.ClassDef)
    }
    return functions, imports, classes


def called(node):
    """Yield the name of each function that a function calls or hands on."""
    inner = [each for part in node.body for each in ast.walk(part)]
    for each in inner:
        if isinstance(each, ast.Call):
            func = each.func
            if isinstance(func, ast.Name):
                yield func.id, each
            elif isinstance(func, ast.Attribute):
                yield func.attr, each
        # A function is handed on, or is one of several that are tried.
        if isinstance(each, ast.Call):
            rest = each.args
        else:
            rest = getattr(each, 'elts', ())
        for given in rest:
            if isinstance(given, ast.Name):
                yield given.id, each


@functools.cache
def gives(home, name):
    """Return whether a function, or one that it calls, gives values."""
    return _gives(home, name, set())


def _gives(home, name, passed):
    if (home, name) in passed or name in SHAPES:
        return False
    passed.add((home, name))
    functions, imports, classes = module(home)
    if name in imports and name not in functions:
        return _gives(*imports[name], passed)
    nodes = list(functions.get(name, ()))
    if name in classes:
        nodes.append(classes[name])
    for node in nodes:
        for callee, call in called(node):
            if callee in GIVES:
                return True
            given = getattr(call, 'keywords', ())
            keywords = {keyword.arg for keyword in given}
            if callee == 'diverges' and 'seen' in keywords:
                return True
            if _gives(home, callee, passed):
                return True
    return False


def comparing_checks():
    """Return the ids of the checks that compare."""
    found = {'ASY002'}  # see SHAPES
    codes = SIGNATURES | set(PATTERNS)
    for check in catalogue().values():
        body = inspect.unwrap(check.body)
        if check.codes & codes or gives(body.__module__, body.__name__):
            found.add(check.id)
    return found
