"""Operations of the fake that read: people, refs, commits, comparisons."""

from __future__ import annotations

from tests.api import (
    REPO,
    Answer,
    Asked,
    Lazy,
    RefusalError,
    commit_of,
    commits_json,
    missing,
    route,
)

COMPARED = 250
"""Commits that a comparison without pages lists at most."""

FILES = 300
"""Files that a comparison lists at most."""

# People -----------------------------------------------------------------


@route('GET', 'user')
def user(asked: Asked) -> Answer:
    if asked.token.user is None:
        raise RefusalError(403, 'Resource not accessible by integration')
    return Answer(asked.shapes.private_user(asked.token.user))


@route('GET', 'user/emails')
def emails(asked: Asked) -> Answer:
    who, scopes = asked.token.user, set(asked.token.scopes)
    if who is None or not {'user', 'user:email'} & scopes:
        raise missing()
    verified = who.verified and not asked.world.unverified
    rows = [
        {
            'email': f'{who.login}@users.noreply.github.com',
            'primary': False,
            'verified': True,
            'visibility': None,
        },
        {
            'email': who.address,
            'primary': True,
            'verified': verified,
            'visibility': 'private',
        },
    ]
    return Answer(rows)


# Refs and commits -------------------------------------------------------


@route('GET', REPO)
def repository(asked: Asked) -> Answer:
    return Answer(asked.shapes.repository(asked.repo))


@route('GET', f'{REPO}/branches')
def branches(asked: Asked) -> Answer:
    refs = asked.repo.git.refs('refs/heads/')
    return Answer([asked.shapes.branch(asked.repo, ref) for ref in refs])


@route('GET', f'{REPO}/branches/{{branch}}')
def branch(asked: Asked, branch: str) -> Answer:
    ref = asked.repo.git.ref(f'refs/heads/{branch}')
    if ref is None:
        raise RefusalError(404, 'Branch not found')
    tip = asked.repo.git.commits([ref.commit])[0]
    return Answer(asked.shapes.whole_branch(asked.repo, ref, tip))


@route('GET', f'{REPO}/tags')
def tags(asked: Asked) -> Answer:
    refs = reversed(asked.repo.git.refs('refs/tags/'))
    return Answer([asked.shapes.tag(asked.repo, ref) for ref in refs])


@route('GET', f'{REPO}/commits')
def commits(asked: Asked) -> Answer:
    start = asked.query.get('sha', asked.repo.default)
    sha = asked.repo.git.resolve(start, asked.repo.default)
    if sha is None:
        raise missing()
    shas = asked.repo.git.history(sha)
    # Only those on the page are looked up.
    return Answer(Lazy(shas, lambda some: commits_json(asked, some)))


@route('GET', f'{REPO}/commits/{{ref}}')
def commit(asked: Asked, ref: str) -> Answer:
    return Answer(commits_json(asked, [commit_of(asked, ref)])[0])


@route('GET', f'{REPO}/commits/{{ref}}/check-runs')
def check_runs(asked: Asked, ref: str) -> Answer:
    sha = commit_of(asked, ref)
    rows = [row for row in asked.repo.checks if row['head_sha'] == sha]
    return Answer(
        {'total_count': len(rows), 'check_runs': rows}, pages='check_runs'
    )


@route('GET', f'{REPO}/commits/{{ref}}/status')
def combined_status(asked: Asked, ref: str) -> Answer:
    sha = commit_of(asked, ref)
    newest = {
        row['context']: row
        for row in asked.repo.statuses
        if row['url'].endswith(f'/{sha}')
    }
    body = asked.shapes.combined(asked.repo, sha, list(newest.values()))
    return Answer(body, pages='statuses')


@route('GET', f'{REPO}/compare/{{basehead}}')
def compare(asked: Asked, basehead: str) -> Answer:
    git, shapes, repo = asked.repo.git, asked.shapes, asked.repo
    texts = basehead.split('...')
    if len(texts) != 2:
        raise missing()
    shas = [git.resolve(text, repo.default) for text in texts]
    if None in shas:
        raise missing()
    base, head = (str(sha) for sha in shas)
    met = git.merge_base(base, head)
    if met is None:
        raise RefusalError(
            404, f'No common ancestor between {texts[0]} and {texts[1]}.'
        )
    ahead = git.history(f'{base}..{head}')
    behind = git.history(f'{head}..{base}')
    status = {
        (False, False): 'identical',
        (True, False): 'ahead',
        (False, True): 'behind',
        (True, True): 'diverged',
    }[bool(ahead), bool(behind)]
    listed = commits_json(asked, ahead[:COMPARED])
    files = git.changes(met, head)[:FILES]
    two = commits_json(asked, [base, met])
    url = f'{shapes.at(repo)}/compare/{basehead}'
    page = f'{shapes.page(repo)}/compare/{basehead}'
    return Answer(
        {
            'url': url,
            'html_url': page,
            'permalink_url': page,
            'diff_url': f'{page}.diff',
            'patch_url': f'{page}.patch',
            'base_commit': two[0],
            'merge_base_commit': two[1],
            'status': status,
            'ahead_by': len(ahead),
            'behind_by': len(behind),
            'total_commits': len(ahead),
            'commits': listed[::-1],
            'files': [shapes.change(repo, row) for row in files],
        }
    )
