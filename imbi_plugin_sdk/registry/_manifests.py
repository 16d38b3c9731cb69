"""Taking a class's own manifest, or saying why it has none (R8).

The class is a stranger's, so that its namespace is read without asking its
metaclass.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_sdk.errors import ManifestError, Problem
from imbi_plugin_sdk.manifest import PluginManifest
from imbi_plugin_sdk.manifest._declaration import judged_twin, plain

if TYPE_CHECKING:
    from imbi_plugin_sdk.registry.snapshot import Stage


class Rejected(Exception):  # noqa: N818  it never leaves this package
    """Says why an object is no plugin; ends the judgement.

    Attributes:
        stage: Where it ended.
        problem: The reason; its path is not used.
        problems: Each single finding, where there are several.
        slug: The slug, where it is known.
    """

    def __init__(
        self,
        stage: Stage,
        problem: Problem,
        problems: tuple[Problem, ...] = (),
        slug: str = '',
    ) -> None:
        super().__init__(problem.message)
        self.stage: Stage = stage
        self.problem = problem
        self.problems = problems
        self.slug = slug


def judged_manifest(target: object) -> PluginManifest | None:
    """Return the frozen copy of a manifest that is as it was judged.

    Nearly every plugin has such a one. Judging it again would cost as much as
    importing the plugin.
    """
    if not issubclass(type(target), type):
        return None
    manifest = _own_attributes(cast('type', target)).get('manifest')
    if type(manifest) is not PluginManifest:
        return None
    return judged_twin(manifest)


_WRITE = 'Write `manifest = PluginManifest(...)` in the body of the class.'


def own_manifest(target: object) -> PluginManifest:
    """Judge a class's own manifest, and return our copy of it (R8).

    Raises:
        Rejected: There is none, it is not the class's own, or it is invalid.
    """
    if not issubclass(type(target), type):
        raise Rejected('manifest', _not_a_class(target))
    cls = cast('type', target)
    own = _own_attributes(cls)
    if 'manifest' not in own:
        raise Rejected('manifest', _without_manifest(cls))
    manifest = own['manifest']
    if not issubclass(type(manifest), PluginManifest):
        raise Rejected('manifest', _not_a_manifest(manifest))
    try:
        judged = PluginManifest.model_validate(plain(manifest))
    except ManifestError as error:
        raise Rejected(
            'manifest',
            invalid_manifest(error),
            error.problems,
            _plain_slug(manifest),
        ) from None
    own_copy = judged_twin(judged)
    assert own_copy is not None  # noqa: S101  it was judged just now
    return own_copy


def _own_attributes(cls: type) -> Mapping[str, Any]:
    """Return a class's own attributes without asking its metaclass."""
    own: Mapping[str, Any] = type.__dict__['__dict__'].__get__(cls)
    return own


def _plain_slug(manifest: object) -> str:
    """Return the slug if it is text: the manifest it is of is invalid."""
    slug = manifest.__dict__.get('slug')
    return slug if type(slug) is str else ''


def _not_a_class(target: object) -> Problem:
    kind = _name(type(target))
    if isinstance(target, types.ModuleType):
        return Problem(
            'not_a_class',
            '',
            'the entry point names a module; it must name a handler class.',
            'Add the class, as in `ssm = my_plugin:SSMPlugin`.',
        )
    if 'manifest' in _own_attributes(type(target)):
        return Problem(
            'manifest_on_instance',
            '',
            f'the entry point names an instance of {kind}; it must name the '
            'class, since the host makes a fresh instance for each request.',
            f'Name the class itself, as in `my_plugin:{kind}`.',
        )
    return Problem(
        'not_a_class',
        '',
        f'the entry point names an object of type {kind}; it must name a '
        'handler class.',
        'Name the class, as in `ssm = my_plugin:SSMPlugin`.',
    )


def _without_manifest(cls: type) -> Problem:
    bases: tuple[type, ...] = type.__dict__['__mro__'].__get__(cls)[1:]
    for base in bases:
        if 'manifest' in _own_attributes(base):
            return Problem(
                'manifest_inherited',
                'manifest',
                f'class {_name(cls)} has only the manifest that it inherits '
                f'from {_name(base)}; each handler class declares its own.',
                _WRITE,
            )
    annotations = _own_attributes(cls).get('__annotations__')
    if isinstance(annotations, dict) and 'manifest' in annotations:
        return Problem(
            'manifest_missing',
            'manifest',
            f'class {_name(cls)} annotates `manifest` but gives it no value.',
            _WRITE,
        )
    return Problem(
        'manifest_missing',
        'manifest',
        f'class {_name(cls)} has no `manifest`; one that `__init__` sets '
        'cannot be seen, since the registry makes no instance.',
        _WRITE,
    )


def _not_a_manifest(manifest: object) -> Problem:
    kind = _name(type(manifest))
    if '__get__' in dir(type(manifest)):
        return Problem(
            'manifest_on_instance',
            'manifest',
            f'`manifest` is a {kind}, so that only an instance has it; the '
            'registry makes none.',
            _WRITE,
        )
    return Problem(
        'not_a_manifest',
        'manifest',
        f'`manifest` is an object of type {kind}; it must be a '
        'PluginManifest.',
        'Write `manifest = PluginManifest(**...)` if it is a mapping.'
        if isinstance(manifest, Mapping)
        else _WRITE,
    )


def invalid_manifest(error: ManifestError) -> Problem:
    """Return what all problems of a manifest come to."""
    count = len(error.problems)
    return Problem(
        'manifest_invalid',
        'manifest',
        f'its manifest has {count} problem{"s" if count > 1 else ""}; the '
        f'first: {error.problems[0].path}: {error.problems[0].message}',
        error.problems[0].fix
        if count == 1
        else 'Mend each problem; `pytest --imbi-plugin` lists them.',
    )


def broken_contract(errors: tuple[Problem, ...]) -> Problem:
    """Return what all breaks of a contract come to."""
    count = len(errors)
    where = f'{errors[0].path}: ' if errors[0].path else ''
    return Problem(
        'contract_broken',
        '',
        f'the class breaks its contract in {count} '
        f'place{"s" if count > 1 else ""}; the first: {where}'
        f'{errors[0].message}',
        errors[0].fix
        if count == 1
        else 'Mend each difference; `pytest --imbi-plugin` lists them.',
    )


def _name(cls: type) -> str:
    """Return a class's name without asking its metaclass."""
    return str(type.__dict__['__name__'].__get__(cls))
