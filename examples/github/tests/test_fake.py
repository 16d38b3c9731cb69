"""The fake against an independent client, generated from GitHub's own API
description: what githubkit cannot read, GitHub would not say."""

from __future__ import annotations

import concurrent.futures
import contextlib
import socket
import subprocess

import httpx
import pytest
from githubkit import GitHub
from githubkit.exception import RequestFailed
from githubkit_schemas.v2022_11_28 import models

from imbi_plugin_testkit.models.deployment import CommitGraph, GraphCommit
from tests.api import ROUTES
from tests.conftest import GRAPH
from tests.planting import named
from tests.seeds import check_run, commit_status, deployment
from tests.server import PAGE, github
from tests.world import challenge_of

OWNER = 'Oracle-Org'
REDIRECT = 'https://imbi.example.com/cb'


@pytest.fixture(scope='module')
def planted():
    world = github().world
    shas = world.plant(OWNER, 'shop', GRAPH, ('environment', 'note'))
    return shas, world.repos[OWNER.lower(), 'shop']


@pytest.fixture(scope='module')
def rest(planted):
    del planted
    token = github().world.install(OWNER).value
    with GitHub(
        token, base_url=f'{github().url}/api/v3/', http_cache=False
    ) as client:
        yield client.rest('2022-11-28')


@pytest.fixture(scope='module')
def seeded(planted):
    """Things that only GitHub itself or its apps make."""
    shas, repo = planted
    repo.deployments.append(deployment(repo, shas['two'], ['success']))
    repo.checks.append(check_run(shas['two']))
    repo.statuses.append(commit_status(shas['two']))
    return shas, repo


REPO = (OWNER, 'shop')

READS = {
    'repository': lambda r, s: r.repos.get(*REPO),
    'branches': lambda r, s: r.repos.list_branches(*REPO),
    'branch': lambda r, s: r.repos.get_branch(*REPO, 'main'),
    'tags': lambda r, s: r.repos.list_tags(*REPO),
    'commits': lambda r, s: r.repos.list_commits(*REPO, sha='main'),
    'commit': lambda r, s: r.repos.get_commit(*REPO, 'v1'),
    'check_runs': lambda r, s: r.checks.list_for_ref(*REPO, s['two']),
    'combined_status': lambda r, s: r.repos.get_combined_status_for_ref(
        *REPO, s['two']
    ),
    'compare': lambda r, s: r.repos.compare_commits(*REPO, 'same...main'),
    'git_ref': lambda r, s: r.git.get_ref(*REPO, 'tags/v1'),
    'deployments': lambda r, s: r.repos.list_deployments(*REPO),
    'deployment_statuses': lambda r, s: r.repos.list_deployment_statuses(
        *REPO, github().world.repos[OWNER.lower(), 'shop'].deployments[0]['id']
    ),
    'workflows': lambda r, s: r.actions.list_repo_workflows(*REPO),
}
"""Operation of the fake to how the oracle asks for it."""

BELOW = {
    *('make_tag', 'make_ref', 'make_release', 'release_of'),
    *('dispatch', 'workflow_runs', 'run', 'run_attempt'),
    *('user', 'emails'),
}
"""Operations that tests of their own ask for."""


@pytest.mark.parametrize('what', READS)
def test_what_is_read_is_as_github_describes_it(what, rest, seeded):
    shas, _ = seeded
    found = READS[what](rest, shas)
    assert found.parsed_data is not None


def test_what_is_written_is_as_github_describes_it(rest, seeded):
    shas, _ = seeded
    tag = rest.git.create_tag(
        *REPO, tag='v7', message='Seven', object_=shas['two'], type='commit'
    ).parsed_data
    ref = rest.git.create_ref(*REPO, ref='refs/tags/v7', sha=tag.sha)
    assert ref.parsed_data.object_.type == 'tag'
    made = rest.repos.create_release(
        *REPO, tag_name='v7', name='Seven', body='# Seven', prerelease=True
    ).parsed_data
    found = rest.repos.get_release_by_tag(*REPO, 'v7').parsed_data
    assert (found.id, found.body) == (made.id, '# Seven')
    assert found.prerelease


def test_a_run_is_as_github_describes_it(rest, seeded):
    started = rest.actions.create_workflow_dispatch(
        *REPO, 'deploy.yml', ref='main', return_run_details=True
    )
    told = models.WorkflowDispatchResponse.model_validate(started.json())
    number = told.workflow_run_id
    runs = rest.actions.list_workflow_runs(
        *REPO, 'deploy.yml', event='workflow_dispatch'
    ).parsed_data
    assert number in {run.id for run in runs.workflow_runs}
    assert rest.actions.get_workflow_run(*REPO, number).parsed_data
    first = rest.actions.get_workflow_run_attempt(*REPO, number, 1)
    assert first.parsed_data.status == 'queued'
    silent = rest.actions.create_workflow_dispatch(
        *REPO, 'deploy.yml', ref='main'
    )
    assert silent.status_code == 204


def test_every_operation_of_the_fake_is_tried_by_the_oracle():
    operations = {operation.__name__ for _, _, operation in ROUTES}
    assert operations == READS.keys() | BELOW


@pytest.fixture
def app():
    return github().world.register(REDIRECT)


def authorized(app, verifier='v' * 43, **more):
    return github().world.authorize(
        'alice',
        {
            'client_id': app.client_id,
            'redirect_uri': REDIRECT,
            'scope': 'read:user user:email',
            'code_challenge': challenge_of(verifier),
            'code_challenge_method': 'S256',
            **more,
        },
    )


def token(app, **form):
    answer = httpx.post(
        f'{github().url}/login/oauth/access_token',
        data={
            'client_id': app.client_id,
            'client_secret': app.client_secret,
            **form,
        },
        headers={'Accept': 'application/json'},
        trust_env=False,
    )
    assert answer.status_code == 200
    return answer.json()


def test_people_are_as_github_describes_them(app):
    code = authorized(app)
    value = token(app, code=code, code_verifier='v' * 43)['access_token']
    with GitHub(
        value, base_url=f'{github().url}/api/v3/', http_cache=False
    ) as client:
        rest = client.rest('2022-11-28')
        user = rest.users.get_authenticated().parsed_data
        assert isinstance(user, models.PrivateUser)
        emails = rest.users.list_emails_for_authenticated_user().parsed_data
        assert [one.email for one in emails if one.primary and one.verified]


@pytest.mark.parametrize(
    'form',
    [
        {'code': 'made-up', 'code_verifier': 'v' * 43},
        {'code_verifier': 'w' * 43},
        {},
        {'code_verifier': 'v' * 43, 'redirect_uri': f'{REDIRECT}/x'},
        {'code_verifier': 'v' * 43, 'client_secret': 'x'},
    ],
)
def test_the_token_endpoint_refuses_with_200(form, app):
    code = authorized(app)
    answer = token(app, **{'code': code, **form})
    assert answer['error']
    assert 'access_token' not in answer


def test_a_code_is_for_once_and_a_refresh_replaces_both_tokens(app):
    code = authorized(app)
    first = token(app, code=code, code_verifier='v' * 43)
    assert 'error' in token(app, code=code, code_verifier='v' * 43)
    old = {
        'grant_type': 'refresh_token',
        'refresh_token': first['refresh_token'],
    }
    second = token(app, **old)
    assert second['access_token'] != first['access_token']
    assert token(app, **old)['error'] == 'bad_refresh_token'
    assert ask('user', first['access_token']).status_code == 401
    assert ask('user', second['access_token']).status_code == 200


def test_only_the_redirect_uri_of_the_app_is_taken(app):
    with pytest.raises(LookupError):
        authorized(app, redirect_uri='https://evil.example/cb')
    with pytest.raises(LookupError):
        authorized(app, code_challenge_method='plain')


def ask(path, token, **headers):
    return httpx.get(
        f'{github().url}/api/v3/{path}',
        headers={'Authorization': f'Bearer {token}', **headers},
        trust_env=False,
    )


def test_a_bad_token_is_401_and_a_strange_repository_404(planted):
    path = f'repos/{OWNER}/shop'
    world = github().world
    assert ask(path, 'ghs_' + 'x' * 9).status_code == 401
    assert ask(path, world.install('somebody').value).status_code == 404
    good = world.install(OWNER).value
    assert ask(path, good).status_code == 200
    version = {'X-GitHub-Api-Version': '2000-01-01'}
    assert ask(path, good, **version).status_code == 400
    assert ask(path, good).headers['X-RateLimit-Limit'] == '5000'


def test_lists_come_in_small_pages_that_links_lead_through(planted):
    world = github().world
    many = CommitGraph(
        tuple(
            GraphCommit(f'c{n}', (f'c{n - 1}',) if n else (), 'x')
            for n in range(PAGE * 2 + 1)
        ),
        {'main': f'c{PAGE * 2}'},
    )
    shas = world.plant(OWNER, 'long', many)
    with GitHub(
        world.install(OWNER).value,
        base_url=f'{github().url}/api/v3/',
        http_cache=False,
    ) as client:
        pages = client.rest.paginate(
            client.rest('2022-11-28').repos.list_commits,
            owner=OWNER,
            repo='long',
            per_page=100,
        )
        first = next(iter(pages))
        path = f'repos/{OWNER}/long/commits?per_page=100'
        seen, url = [], f'{github().url}/api/v3/{path}'
        while url:
            answer = client.request('GET', url)
            seen.append([row['sha'] for row in answer.json()])
            links = httpx.Response(200, headers=answer.headers).links
            url = links.get('next', {}).get('url')
    assert [len(page) for page in seen] == [PAGE, PAGE, 1]
    assert [sha for page in seen for sha in page] == [*shas.values()][::-1]
    assert first.sha == seen[0][0]


@pytest.mark.parametrize(
    ('committish', 'label'),
    [
        ('v1', 'two'),
        ('tags/v1', 'two'),
        ('refs/heads/topic/a#1', 'side'),
        ('topic/a#1', 'side'),
        ('HEAD', 'merge'),
        ('same', 'one'),
        ('topic', None),
        ('main~1', None),
        ('', None),
        ('0' * 40, None),
    ],
)
def test_names_mean_one_commit_or_none(committish, label, planted):
    shas, repo = planted
    found = repo.git.resolve(committish, repo.default)
    assert found == (shas[label] if label else None)


def test_twins_share_a_beginning_that_means_neither(planted):
    shas, repo = planted
    begin = shas['one'][:4]
    assert shas['twin'].startswith(begin)
    assert repo.git.resolve(begin, 'main') is None
    assert repo.git.resolve(shas['one'][:12], 'main') == shas['one']


def test_what_was_planted_is_sound_to_git(planted):
    shas, repo = planted
    assert {label: made.sha for label, made in named(GRAPH).items()} == shas
    done = subprocess.run(
        ['git', '--git-dir', str(repo.git.path), 'fsck', '--strict'],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = repo.git.run('log', '-1', '--format=%B', shas['two'])
    assert told.strip() == 'Two\n\nWith a body: Überblick'


@pytest.mark.parametrize(
    'body',
    [
        {'ref': 'mai'},
        {'ref': 'main', 'inputs': {'nobody': 'x'}},
        {'ref': 'main', 'inputs': {'note': 1}},
        {'ref': 'main', 'strange': True},
        {},
    ],
)
def test_a_bad_dispatch_starts_nothing(body, rest, planted):
    _, repo = planted
    before = len(repo.runs)
    url = f'/repos/{OWNER}/shop/actions/workflows/deploy.yml/dispatches'
    with pytest.raises(RequestFailed) as failed:
        rest._github.request('POST', url, json=body)
    assert failed.value.response.status_code == 422
    assert len(repo.runs) == before


def test_a_ref_that_is_there_is_not_made_again(rest, planted):
    shas, repo = planted
    with contextlib.suppress(RequestFailed):
        rest.git.create_ref(*REPO, ref='refs/tags/v0', sha=shas['two'])
    assert repo.git.ref('refs/tags/v0').commit == shas['one']


def test_no_list_is_read_while_another_request_writes(planted):
    token = github().world.install(OWNER).value
    asks = concurrent.futures.ThreadPoolExecutor()
    with asks, github().world.lock:
        asked = asks.submit(ask, f'repos/{OWNER}/shop/branches', token)
        with pytest.raises(TimeoutError):
            asked.result(0.3)
    assert asked.result().status_code == 200


def test_a_body_does_not_wait_until_its_head_is_acknowledged():
    """It would for 40 ms, in each answer but the first of a connection."""
    host, _, port = github().url.removeprefix('http://').partition(':')
    ask = b'GET /api/v3/user HTTP/1.1\r\nHost: x\r\nUser-Agent: kit\r\n\r\n'
    with socket.create_connection((host, int(port))) as connection:
        for _ in range(2):
            connection.sendall(ask)
            head, _, body = connection.recv(65_536).partition(b'\r\n\r\n')
            assert head.startswith(b'HTTP/1.1 401 ')
            assert b'Bad credentials' in body
