"""Made-up plugins, and an organization to install them in."""

from __future__ import annotations

import pytest

from imbi_plugin_sdk.manifest import PluginManifest, ThirdPartyServiceTemplate
from imbi_plugin_sdk.provisioning import (
    Icon,
    MemoryStore,
    PluginSource,
    State,
    apply,
)
from imbi_plugin_sdk.records import PluginNode, ThirdPartyService

ORGANIZATION = 'engineering'


def make_icon(color='red'):
    from imbi_plugin_sdk.icons import sanitize_icon  # noqa: PLC0415

    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
        f'<path d="M0 0h8v8H0z" fill="{color}"/></svg>'
    )
    return Icon(sanitize_icon(text.encode(), 'image/svg+xml'))


def make_template(template_id='aws', vendor='Amazon Web Services', **fields):
    return ThirdPartyServiceTemplate(
        **{
            'id': template_id,
            'vendor': vendor,
            'category': 'cloud',
            'service_url': 'https://console.aws.amazon.com',
            **fields,
        }
    )


def make_source(  # noqa: PLR0913  one keyword per fact
    slug='aws-ssm',
    distribution='imbi-plugin-aws',
    *,
    template='aws',
    vendor='Amazon Web Services',
    plugin_type='configuration',
    icons=None,
    version='1.0',
    **fields,
):
    made = template and make_template(template, vendor, **fields)
    manifest = PluginManifest(
        slug=slug,
        name=slug,
        plugin_type=plugin_type,
        third_party_service=made or None,
    )
    return PluginSource(manifest, distribution, slug, version, icons or {})


@pytest.fixture
def source():
    """Return a function that makes one entry point; see `make_source`."""
    return make_source


@pytest.fixture
def icon():
    """Return a function that makes a sanitized icon of some colour."""
    return make_icon


class World:
    """A store with one organization, and what operators do in it."""

    def __init__(self):
        self.store = MemoryStore([State.of(ORGANIZATION, in_use=())])

    @property
    def state(self):
        return self.store.load(ORGANIZATION)

    @property
    def service(self):
        (service,) = self.state.services.values()
        return service

    def add(self, *records, assignments=(), in_use=()):
        state = self.state
        services = dict(state.services)
        plugins = dict(state.plugins)
        for record in records:
            where = services if hasattr(record, 'live') else plugins
            where[record.id] = record
        self.store.seed(
            State.of(
                ORGANIZATION,
                services.values(),
                plugins.values(),
                [*state.assignments, *assignments],
                in_use={*state.in_use, *in_use},
            )
        )

    def change(self, **changes):
        """Change the only service past all plans, as a careless host."""
        record = self.service
        self.add(record.replaced(revision=record.revision + 1, **changes))

    def do(self, plan, *sources):
        assert not plan.blocks, plan.blocks
        apply(plan, self.store, sources)
        return plan

    def made_by_hand(self, name='by-hand', **facts):
        record = ThirdPartyService(
            **{
                'id': name,
                'slug': name,
                'vendor': 'Amazon Web Services',
                'organization': ORGANIZATION,
                'revision': 3,
                **facts,
            }
        )
        self.add(record)
        return record

    def node(self, name, **facts):
        record = PluginNode(
            **{
                'id': name,
                'slug': name,
                'plugin_type': 'configuration',
                'revision': 1,
                **facts,
            }
        )
        self.add(record)
        return record


@pytest.fixture
def world():
    """Return an organization without services."""
    return World()


@pytest.fixture
def codes():
    """Return a function from problems to their codes, sorted."""
    return lambda problems: sorted(problem.code for problem in problems)


@pytest.fixture
def decisions():
    """Return a function from a plan to field -> decision."""
    return lambda plan: {one.field: one.decision for one in plan.fields}


@pytest.fixture
def values_of():
    """Return a function from a state to itself without revisions."""

    def bare(state):
        return (
            {
                name: one.replaced(revision=0)
                for name, one in state.services.items()
            },
            {
                name: one.replaced(revision=0)
                for name, one in state.plugins.items()
            },
        )

    return bare
