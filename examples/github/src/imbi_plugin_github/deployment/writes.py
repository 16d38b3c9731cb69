"""Making tags and releases, each once and never over another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_github import answers
from imbi_plugin_github.deployment.names import (
    checked_ref,
    checked_sha,
    escaped,
)
from imbi_plugin_sdk import RefInfo, ReleaseInfo

if TYPE_CHECKING:
    from imbi_plugin_github.answers import Item
    from imbi_plugin_github.deployment.repository import Repository


async def create_tag(
    repository: Repository, sha: str, tag: str, message: str
) -> RefInfo:
    """Make an annotated tag: an object, and the ref that names it.

    The ref is made and not set, so that of two callers at once one is
    refused. An object without a ref is left behind then, as git does it.

    Raises:
        ValueError: The tag names another commit, or there is no such commit.
    """
    commit, name = checked_sha(sha), checked_ref(tag)
    standing = await repository.tagged(name)
    if standing is None:
        thing = await repository.ask(
            'POST',
            'git/tags',
            body={
                'tag': name,
                'message': message,
                'object': commit,
                'type': 'commit',
            },
        )
        if not thing.found:
            raise repository.refused(thing, f'a tag of the commit {commit}')
        ref = await repository.ask(
            'POST',
            'git/refs',
            body={
                'ref': f'refs/tags/{name}',
                'sha': answers.text(thing.item('the tag'), 'sha'),
            },
        )
        if ref.found:
            return RefInfo(name=name, sha=commit)
        # Somebody made one just now; or it cannot be made.
        standing = await repository.tagged(name)
        if standing is None:
            raise repository.refused(ref, f'the tag {name!r}')
    if standing != commit:
        raise ValueError(
            f'The tag {name!r} names the commit {standing} already, and is '
            f'not moved to {commit}. Choose another name.'
        )
    return RefInfo(name=name, sha=commit)


async def create_release(
    repository: Repository, tag: str, wanted: Item
) -> ReleaseInfo:
    """Release a tag that is there.

    GitHub would make a missing tag itself, at the tip of the default branch.

    Args:
        repository: Whose.
        tag: The tag.
        wanted: `name`, `body` and `prerelease`.

    Raises:
        ValueError: There is no such tag, or it has another release.
    """
    name = checked_ref(tag)
    if await repository.tagged(name) is None:
        raise ValueError(
            f'The tag {name!r} is not there, or the token may not see it; '
            'make it first.'
        )
    standing = await _released(repository, name)
    if standing is None:
        made = await repository.ask(
            'POST', 'releases', body={'tag_name': name, **wanted}
        )
        if made.found:
            return _release(made.item('the release'))
        standing = await _released(repository, name)
        if standing is None:
            raise repository.refused(made, f'the release of {name!r}')
    held = {
        'name': answers.maybe(standing, 'name') or '',
        'body': answers.maybe(standing, 'body') or '',
        'prerelease': standing.get('prerelease') is True,
    }
    if held != wanted:
        raise ValueError(
            f'The tag {name!r} has a release with another title, other notes '
            'or another prerelease flag, which is left as it is. Change it '
            'at GitHub.'
        )
    return _release(standing)


async def _released(repository: Repository, tag: str) -> Item | None:
    reply = await repository.ask('GET', f'releases/tags/{escaped(tag)}')
    return reply.item('the release') if reply.found else None


def _release(item: Item) -> ReleaseInfo:
    return ReleaseInfo(
        id=answers.identifier(item),
        tag=answers.text(item, 'tag_name'),
        name=answers.maybe(item, 'name'),
        url=answers.maybe(item, 'url'),
        html_url=answers.maybe(item, 'html_url'),
        prerelease=item.get('prerelease') is True,
    )
