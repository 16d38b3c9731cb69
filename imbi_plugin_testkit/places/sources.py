"""An author's module, read as a syntax tree."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib.machinery
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imbi_plugin_testkit.subject import Subject

Definition = ast.FunctionDef | ast.AsyncFunctionDef

LAYOUTS = ('src', '.')
"""Where a project keeps its packages; an installed copy is looked up there,
since that is the file that the author edits."""


@functools.lru_cache(maxsize=64)
def _parsed(file: str, changed: int) -> tuple[ast.Module, list[str]]:
    del changed  # only makes an edited file another key
    text = Path(file).read_text('utf-8')
    return ast.parse(text), text.splitlines()


def _bases(subject: Subject) -> list[Path]:
    """Return the folders that modules are imported from.

    Those of an unpacked wheel are in `sys.path` only while it is imported.
    """
    return [Path(base) for base in (*subject.search_path, *sys.path) if base]


def authors_file(file: Path, subject: Subject) -> Path:
    """Return the project's own copy of an installed file, or the file."""
    if subject.project is None:
        return file
    root = subject.project.path.resolve().parent
    if file.resolve().is_relative_to(root) and 'site-packages' not in str(
        file
    ):
        return file
    for base in _bases(subject):
        if file.is_relative_to(base):
            inside = file.relative_to(base)
            for layout in LAYOUTS:
                own = root / layout / inside
                if own.is_file() and own.read_bytes() == file.read_bytes():
                    return own
    return file


def shown_path(file: Path, subject: Subject) -> str:
    """Return a path relative to the project, or to where it is imported from.

    Always with forward slashes: reports are read on other machines.
    """
    file = authors_file(file, subject)
    roots = _bases(subject)
    if subject.project is not None:
        roots.insert(0, subject.project.path.resolve().parent)
    for root in roots:
        if file.is_relative_to(root):
            return file.relative_to(root).as_posix()
    return file.name


def _file_of(module: str, subject: Subject) -> Path | None:
    """Return a module's file, without importing anything.

    A plugin whose manifest is wrong often does not import.
    """
    path: Sequence[str] | None = [*subject.search_path, *sys.path]
    spec = None
    name = ''
    for part in module.split('.'):
        name = f'{name}.{part}'.lstrip('.')
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None:
            break
        path = spec.submodule_search_locations
    file = spec.origin if spec else None
    # Editable installs may have finders of their own.
    file = file or getattr(sys.modules.get(module), '__file__', None)
    return Path(file) if file else None


@dataclasses.dataclass(frozen=True)
class Source:
    """One module.

    Attributes:
        package: Dotted name of the package that it is in, or is.
        subject: The distribution whose modules may be read.
        shown: Its path as reports show it.
        tree: Its syntax tree.
        lines: Its text.
    """

    package: str
    subject: Subject
    shown: str
    tree: ast.Module
    lines: Sequence[str]

    @classmethod
    def of_module(cls, module: str, subject: Subject) -> Source | None:
        """Return a module's source, or None if it is not the author's."""
        file = _file_of(module, subject)
        if file is None or file.suffix != '.py':
            return None
        path = authors_file(file, subject)
        tree, lines = _parsed(str(path), path.stat().st_mtime_ns)
        package = module
        if path.name != '__init__.py':
            package = module.rpartition('.')[0]
        shown = shown_path(path, subject)
        return cls(package, subject, shown, tree, lines)

    def line(self, number: int) -> str:
        """Return the text of a line, counted from 1."""
        return self.lines[number - 1] if number <= len(self.lines) else ''

    def class_named(self, qualname: str) -> tuple[Source, ast.ClassDef] | None:
        """Return a class by its qualified name, wherever it is defined."""
        first, *inner = qualname.split('.')
        source, found = self.resolved(ast.Name(first))
        for name in inner:
            body = found.body if isinstance(found, ast.ClassDef) else ()
            for node in body:
                if isinstance(node, ast.ClassDef) and node.name == name:
                    found = node
                    break
            else:
                return None
        return (source, found) if isinstance(found, ast.ClassDef) else None

    def method(
        self, owner: ast.ClassDef, name: str
    ) -> tuple[Source, ast.AST] | None:
        """Return where a class or one of its own bases defines a method."""
        for source, each in self.lineage(owner):
            for node in each.body:
                if isinstance(node, Definition) and node.name == name:
                    return source, node
        return None

    def manifest(self, owner: ast.ClassDef) -> tuple[Source, ast.AST] | None:
        """Return the expression that a class's manifest is assigned."""
        for source, each in self.lineage(owner):
            value = _assigned(each.body, 'manifest')
            if value is not None:
                return source.resolved(value)
        return None

    def lineage(
        self, owner: ast.ClassDef, depth: int = 8
    ) -> Iterator[tuple[Source, ast.ClassDef]]:
        """Yield a class and those of its bases that are the author's."""
        yield self, owner
        for base in owner.bases if depth else ():
            source, node = self.resolved(base)
            if isinstance(node, ast.ClassDef):
                yield from source.lineage(node, depth - 1)

    def resolved(
        self, node: ast.AST, depth: int = 8
    ) -> tuple[Source, ast.AST]:
        """Follow a name to what it stands for, in other modules too.

        Only modules of the same distribution are entered; a name that leads
        nowhere is returned as it is.
        """
        if not isinstance(node, ast.Name) or depth == 0:
            return self, node
        value = _assigned(self.tree.body, node.id)
        if value is not None:
            return self.resolved(value, depth - 1)
        for each in self.tree.body:
            if isinstance(each, ast.ClassDef) and each.name == node.id:
                return self, each
            if isinstance(each, ast.ImportFrom):
                found = self._imported(each, node, depth)
                if found is not None:
                    return found
        return self, node

    def _imported(
        self, statement: ast.ImportFrom, name: ast.Name, depth: int
    ) -> tuple[Source, ast.AST] | None:
        for alias in statement.names:
            if (alias.asname or alias.name) != name.id:
                continue
            module = self._absolute(statement)
            if not self.subject.owns_module(module):
                return None
            other = Source.of_module(module, self.subject)
            if other is None:
                return None
            return other.resolved(ast.Name(alias.name), depth - 1)
        return None

    def _absolute(self, statement: ast.ImportFrom) -> str:
        if not statement.level:
            return statement.module or ''
        parts = self.package.split('.')
        parts = parts[: len(parts) - statement.level + 1]
        return '.'.join([*parts, *filter(None, [statement.module])])


def _assigned(body: Sequence[ast.stmt], name: str) -> ast.expr | None:
    """Return the value that is assigned to a name last, or None."""
    found = None
    for node in body:
        if isinstance(node, ast.Assign):
            targets: Sequence[ast.expr] = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        if any(
            isinstance(target, ast.Name) and target.id == name
            for target in targets
        ):
            found = node.value or found
    return found
