"""What can be wrong with the path and with metadata, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk.errors import Problem

if TYPE_CHECKING:
    from imbi_plugin_sdk.registry._guard import Raised


def no_path(entry: object) -> Problem:
    return Problem(
        'path_entry_invalid',
        '',
        f'the path has an entry of type {type(entry).__name__}, which names '
        'no directory and no file.',
        'Give str or os.PathLike; whoever changes sys.path added it.',
    )


def closed(entry: str, fault: str) -> Problem:
    return Problem(
        'path_entry_unreadable',
        '',
        f'the path entry {entry!r} was passed over: {fault}.',
        'Let the host list it, or take it off the path.',
    )


def unreadable(fault: str) -> Problem:
    return Problem(
        'entry_points_unreadable',
        'entry_points.txt',
        f'entry_points.txt was not read: {fault}.',
        'Reinstall the distribution, and let the host read its files.',
    )


def nameless(directory: str) -> Problem:
    return Problem(
        'distribution_nameless',
        '',
        f'the directory {directory!r} names no distribution.',
        'Remove it; it is what an interrupted install leaves behind.',
    )


def versionless(path: str) -> Problem:
    return Problem(
        'version_unknown',
        '',
        f'neither the name of {path!r} nor METADATA tells a version.',
        'Reinstall the distribution.',
    )


def duplicate(winner: str, loser: str) -> Problem:
    return Problem(
        'distribution_duplicate',
        '',
        f'{winner!r} and {loser!r} are both there, and one '
        'directory of modules cannot be both.',
        'Uninstall the distribution until neither is left, then install it '
        'again.',
    )


def broken(what: str, raised: Raised) -> Problem:
    return Problem(
        'metadata_unreadable',
        '',
        f'{what} could not be read ({raised.type_name}).',
        'Repair or remove it; everything else was read.',
    )
