"""Operations of the fake that write: tags and releases."""

from __future__ import annotations

from tests.api import (
    REPO,
    Answer,
    Asked,
    RefusalError,
    commit_of,
    missing,
    route,
)
from tests.repositories import GitError, Ref
from tests.shapes import stamp
from tests.world import now

RELEASE_KEYS = {
    'tag_name',
    'target_commitish',
    'name',
    'body',
    'draft',
    'prerelease',
    'discussion_category_name',
    'generate_release_notes',
    'make_latest',
}


# Tags and releases ------------------------------------------------------


@route('GET', f'{REPO}/git/ref/{{ref+}}')
def git_ref(asked: Asked, ref: str) -> Answer:
    found = asked.repo.git.ref(f'refs/{ref}')
    if found is None:
        raise missing()
    return Answer(asked.shapes.ref(asked.repo, found))


@route('POST', f'{REPO}/git/tags')
def make_tag(asked: Asked) -> Answer:
    body = asked.body
    wanted = {'tag', 'message', 'object', 'type'}
    if wanted - body.keys() or body['type'] != 'commit':
        raise RefusalError(422, 'Invalid request.')
    sha, git = str(body['object']), asked.repo.git
    if git.kind(sha) != 'commit':
        raise RefusalError(422, 'Could not verify object')
    try:
        made = git.make_tag(body['tag'], sha, body['message'])
    except GitError as error:
        raise RefusalError(422, 'tag is not a valid name') from error
    told = asked.shapes.tag_object(
        asked.repo, body['tag'], made, sha, body['message']
    )
    return Answer(told, 201)


@route('POST', f'{REPO}/git/refs')
def make_ref(asked: Asked) -> Answer:
    name, sha = str(asked.body.get('ref')), str(asked.body.get('sha'))
    git = asked.repo.git
    if not name.startswith('refs/') or name.count('/') < 2:
        raise RefusalError(422, 'Reference name must start with refs/.')
    if git.kind(sha) is None:
        raise RefusalError(422, 'Object does not exist')
    if git.ref(name) is not None:
        raise RefusalError(422, 'Reference already exists')
    try:
        git.make_ref(name, sha)
    except GitError as error:
        raise RefusalError(422, 'Reference cannot be updated') from error
    ref = git.ref(name)
    assert isinstance(ref, Ref)
    return Answer(asked.shapes.ref(asked.repo, ref), 201)


@route('GET', f'{REPO}/releases/tags/{{tag+}}')
def release_of(asked: Asked, tag: str) -> Answer:
    for row in asked.repo.releases:
        if row['tag_name'] == tag:
            return Answer(row)
    raise missing()


@route('POST', f'{REPO}/releases')
def make_release(asked: Asked) -> Answer:
    body, repo, shapes = asked.body, asked.repo, asked.shapes
    strange = body.keys() - RELEASE_KEYS
    tag = body.get('tag_name')
    if strange or not isinstance(tag, str):
        raise RefusalError(422, 'Validation Failed')
    with asked.world.lock:
        if any(row['tag_name'] == tag for row in repo.releases):
            raise RefusalError(422, 'Validation Failed: already_exists')
        if repo.git.ref(f'refs/tags/{tag}') is None:
            # As GitHub does it, for better or worse.
            target = body.get('target_commitish', repo.default)
            repo.git.make_ref(f'refs/tags/{tag}', commit_of(asked, target))
        number = asked.world.new_id()
        url = f'{shapes.at(repo)}/releases/{number}'
        row = {
            'url': url,
            'html_url': f'{shapes.page(repo)}/releases/tag/{tag}',
            'assets_url': f'{url}/assets',
            'upload_url': f'{url}/assets{{?name,label}}',
            'tarball_url': f'{shapes.at(repo)}/tarball/{tag}',
            'zipball_url': f'{shapes.at(repo)}/zipball/{tag}',
            'id': number,
            'node_id': f'RE_{number}',
            'tag_name': tag,
            'target_commitish': body.get('target_commitish', repo.default),
            'name': body.get('name'),
            'body': body.get('body'),
            'draft': body.get('draft', False),
            'prerelease': body.get('prerelease', False),
            'created_at': stamp(now()),
            'published_at': stamp(now()),
            'author': shapes.user(repo.owner),
            'assets': [],
        }
        repo.releases.append(row)
    return Answer(row, 201)
