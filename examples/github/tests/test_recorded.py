"""Deployments that GitHub recorded, whoever started them."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk import PluginUnavailableError
from tests.seeds import deployment
from tests.shapes import Shapes


@pytest.mark.parametrize(
    ('states', 'status'),
    [
        ([], 'pending'),
        (['queued'], 'pending'),
        (['queued', 'in_progress'], 'in_progress'),
        (['in_progress', 'success'], 'success'),
        (['in_progress', 'success', 'inactive'], 'success'),
        (['failure', 'inactive'], 'failed'),
        (['error'], 'failed'),
        (['inactive'], 'pending'),
        (['pirouetting'], 'pending'),
    ],
)
def test_a_deployment_is_where_it_went(states, status, deploy):
    async def story(planted):
        repo = planted.repo
        repo.deployments.append(deployment(repo, 'a' * 40, states))
        found = await planted.ask('list_recent_deployments', ['production'])
        assert [one.status for one in found] == [status]

    deploy(story)


def test_deployments_are_the_newest_of_each_environment(deploy):
    async def story(planted):
        repo, sandbox = planted.repo, planted.sandbox
        who = sandbox.world.user('alice')
        creator = Shapes('http://x').user(who)
        for environment in ('testing', 'production'):
            repo.deployments += [
                deployment(repo, sha, ['success'], environment, creator)
                for sha in (planted.shas['one'], planted.shas['two'])
            ]
        names = ['production', 'testing', 'production', '', 'staging']
        found = await planted.ask('list_recent_deployments', names, 1)
        told = [(one.environment, one.sha) for one in found]
        two = planted.shas['two']
        assert told == [('production', two), ('testing', two)]
        newest = found[0]
        assert newest.external_run_id == str(repo.deployments[3]['id'])
        assert newest.creator == 'alice'
        assert newest.creator_subject == str(who.id)
        assert newest.run_url == 'https://ci.example.com/1'
        assert newest.deployment_url == 'https://shop.example.com'
        assert newest.created_at.tzinfo is not None
        ten = await planted.ask('list_recent_deployments', names, 10)
        assert len(ten) == 4
        none = await planted.ask('list_recent_deployments', names, 0)
        assert none == []

    deploy(story)


def test_a_time_without_zone_is_no_time(deploy):
    async def story(planted):
        repo = planted.repo
        row = deployment(repo, 'a' * 40, [])
        row['created_at'] = '2026-01-01T00:00:00'
        repo.deployments.append(row)
        with pytest.raises(PluginUnavailableError, match='no time'):
            await planted.ask('list_recent_deployments', ['production'])

    deploy(story)
