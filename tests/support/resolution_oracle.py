"""What the rules of resolution say of a small world.

A second reading of the rules, for tests: it takes the plain dictionaries of
`resolution_worlds`, goes through every edge for every question, and shares
nothing with the package. It is slow, and it knows no tie but by counting.
"""

from __future__ import annotations

from resolution_worlds import DECLARED, HANDLERS, REFUSED, SINGLES, TAB, World


class Fault(Exception):  # noqa: N818  what stops a reading, no failure
    """The code of an error, with the plugin that was chosen."""


class Reading:
    """What the rules say of one tab of one world, question by question."""

    def __init__(self, world: World, tab: str = TAB, project: str = 'p'):
        self.world, self.tab = world, tab
        self.owners = [('project', project)]
        for name in world.types:
            if ('project_type', name) not in self.owners:
                self.owners.append(('project_type', name))
        self.all_edges = [e for e in world.edges if e['owner'] in self.owners]
        here = [e for e in self.all_edges if e['tab'] == tab]
        self.edges = here
        self.opted_out = {
            e['plugin'] for e in here if self._opts_out(e['plugin'])
        }
        self.bound = {e['plugin'] for e in here} - self.opted_out

    # -- edges of one plugin ---------------------------------------------

    def of(self, plugin, owner=None):
        """Return a plugin's edges on the tab, the project's first."""
        owners = self.owners if owner is None else [owner]
        return [
            edge
            for one in owners
            for edge in self.edges
            if edge['owner'] == one and edge['plugin'] == plugin
        ]

    def _opts_out(self, plugin):
        own = self.of(plugin, self.owners[0])
        return bool(own) and all(edge['excluded'] for edge in own)

    def at_odds(self, plugin, owner):
        """Tell whether one owner says two different things of a plugin."""
        return len({meaning(e) for e in self.of(plugin, owner)}) > 1

    def contradicted(self, plugin):
        return any(self.at_odds(plugin, owner) for owner in self.owners)

    def level(self, plugin):
        """Return 2 for the project's default, 1 for a type's, else 0."""
        for owner in self.owners:
            said = {e['default'] for e in self.of(plugin, owner)} - {None}
            if said:
                return (1 + (owner[0] == 'project')) * (True in said)
        return 0

    def single(self, plugin, name):
        """Return a property and the owner it comes from."""
        for owner in self.owners:
            for edge in self.of(plugin, owner):
                if edge[name] is not None:
                    return edge[name], owner
        return None, None

    # -- steps 4 and 5 ----------------------------------------------------

    def services(self, plugin):
        return [
            name
            for name, one in self.world.services.items()
            if plugin in one['has']
        ]

    def means(self, plugin, source):
        """Tell whether a plugin answers to a source."""
        return source in self.names(plugin)

    def names(self, plugin):
        """Return everything that a plugin answers to, the best first."""
        found = []
        if plugin in self.world.nodes:
            slug = self.world.nodes[plugin]['slug']
            found.append(slug)
            services = {
                self.world.services[one]['slug']
                for one in self.services(plugin)
            }
            found += sorted(f'{service}/{slug}' for service in services)
        return [*found, f'id:{plugin}']

    def selectors(self, plugin):
        """Return the selectors of the first form that means it alone."""
        alone = [
            name
            for name in self.names(plugin)
            if sum(self.means(other, name) for other in self.bound) == 1
        ]
        return [name for name in alone if form(name) == form(alone[0])]

    def choose(self, source):
        """Return (plugin, rule, tied); raise where nothing is chosen."""
        if not self.bound:
            raise Fault('nothing_bound', None, ())
        pool = self.bound
        if source is not None:
            pool = {one for one in pool if self.means(one, source)}
            if not pool:
                known = {*self.world.nodes, *self.opted_out}
                there = any(self.means(one, source) for one in known)
                code = 'source_not_bound' if there else 'source_unknown'
                raise Fault(code, None, ())
        best = max(map(self.level, pool))
        tied = {one for one in pool if self.level(one) == best}
        if len(tied) > 1:
            code = 'ambiguous_default' if best else 'no_default'
            raise Fault(
                code if source is None else 'ambiguous_source', None, tied
            )
        rule = ('sole', 'type_default', 'project_default')[best]
        if source is not None:
            rule = 'source' if len(pool) == 1 else 'source_default'
        return tied.pop(), rule

    # -- steps 3 and 6 ----------------------------------------------------

    def identity(self, plugin):
        value, owner = None, None
        if plugin in self.bound:
            value, owner = self.single(plugin, 'identity_plugin_id')
        return self.world.nodes[plugin]['identity'] if owner is None else value

    def usable(self, plugin, mismatch, tab_type):
        """Raise the first fault of a plugin, whoever chose it."""
        node = self.world.nodes.get(plugin)
        if node is None or len(self.services(plugin)) != 1:
            raise Fault('dangling_edge')
        if plugin in self.bound and self.contradicted(plugin):
            raise Fault('ambiguous_source')
        if not node['enabled']:
            raise Fault('plugin_disabled')
        if tab_type not in {None, node['type']}:
            raise Fault(mismatch)
        told = HANDLERS.get(node['slug'])
        late = REFUSED.get(node['slug']) == 'api_version'
        if late or (told and told.get('api', 1) != 1):
            raise Fault('api_version_unsupported')
        if told is None:
            raise Fault('handler_unavailable')
        if told['type'] != node['type']:
            raise Fault(mismatch)

    def tab_type(self):
        named = self.tab if self.tab in {TAB, 'logs', 'identity'} else None
        return self.world.tab_types.get(self.tab, named)

    def serve(self, plugin):
        """Return the facts of a plugin's calls; raise where it cannot."""
        self.usable(plugin, 'type_mismatch', self.tab_type())
        node = self.world.nodes[plugin]
        identity = self.identity(plugin) or None
        if identity is None:
            if HANDLERS[node['slug']].get('needs'):
                raise Fault('identity_missing')
        elif identity not in self.world.nodes:
            raise Fault('identity_missing')
        elif identity == plugin:
            raise Fault('identity_cycle')
        elif self.world.nodes[identity]['type'] != 'identity':
            raise Fault('identity_wrong_type')
        elif identity in self.bound and self.contradicted(identity):
            raise Fault('ambiguous_source')
        elif self.identity(identity):
            raise Fault('identity_cycle')
        else:
            self.usable(identity, 'identity_wrong_type', 'identity')
        template, _ = self.single(plugin, 'search_template')
        facts = self.facts(plugin, self.tiers(plugin))
        if template == '${oops}':
            facts['problems'].add(
                ('search_template_invalid', 'search_template')
            )
        return facts | {
            'search_template': template or None,
            'identity': identity
            and self.facts(
                identity, [('plugin', self.world.nodes[identity]['options'])]
            ),
        }

    # -- step 7 -----------------------------------------------------------

    def tiers(self, plugin):
        """Return (owner, options), the bottom first."""
        found = [('plugin', self.world.nodes[plugin]['options'])]
        for owner in reversed(self.owners):
            # Where edges contradict, nobody is served.
            found += [
                (owner, e['options']) for e in self.of(plugin, owner)[:1]
            ]
        return found

    def facts(self, plugin, tiers):
        """Return what a call to one plugin is given."""
        node = self.world.nodes[plugin]
        (service,) = self.services(plugin)
        told = HANDLERS[node['slug']]
        declared = told.get('options', ())
        problems, values, unknown = set(), {}, set()
        for name in {*declared, *(n for _, tier in tiers for n in tier)}:
            given = [tier[name] for _, tier in tiers if name in tier]
            given = [one for one in given if one is not None]
            if name not in declared:
                unknown |= {name} if given else set()
                continue
            about = DECLARED[name]
            if given and given[-1] != '':
                value = as_declared(about['type'], given[-1])
                if value is None:
                    problems.add(('option_wrong_type', f'options.{name}'))
                elif 'choices' in about and str(value) not in about['choices']:
                    problems.add(('option_wrong_choice', f'options.{name}'))
                else:
                    values[name] = value
            elif 'default' in about:
                values[name] = about['default']
            elif about.get('required'):
                problems.add(('option_required', f'options.{name}'))
        application, missing = self.application(node, service, told)
        return {
            'plugin': plugin,
            'service': service,
            'application': application,
            'options': values,
            'problems': problems | missing,
            'unknown': unknown,
        }

    def application(self, node, service, told):
        """Return whose credentials are used, and what is wrong with them."""
        there = {
            name: one
            for name, one in self.world.applications.items()
            if one['service'] == service
        }
        wanted = node['application']
        fit = [name for name in there if wanted in {None, name}]
        asked = told.get('credentials', {})
        if len(fit) == 1:
            names = there[fit[0]]['names']
            lacks = set()
            if names is not None:
                lacks = {n for n, must in asked.items() if must} - names
            return fit[0], {
                ('credential_missing', f'credentials.{name}') for name in lacks
            }
        code = None
        if wanted is not None:
            code = 'application_missing'
        elif there and asked:
            code = 'application_ambiguous'
        elif any(asked.values()):
            code = 'application_missing'
        return None, {(code, 'application_id')} if code else set()

    # -- everything together ----------------------------------------------

    def outcome(self, source):
        """Return everything that a request comes to, as plain data."""
        try:
            plugin, rule = self.choose(source)
        except Fault as fault:
            code, _, tied = fault.args
            return {
                'code': code,
                'plugin': None,
                'candidates': self.candidates(tied or self.bound),
            }
        try:
            served = self.serve(plugin)
        except Fault as fault:
            return {
                'code': fault.args[0],
                'plugin': plugin,
                'rule': rule,
                'candidates': self.candidates(self.bound),
            }
        return {'code': 'resolved', 'rule': rule, **served}

    def candidates(self, plugins):
        """Return plugin to the selectors that may stand for it."""
        return {plugin: self.selectors(plugin) for plugin in plugins}


def form(selector):
    """Return which of the three forms a selector has."""
    return 2 if selector.startswith('id:') else int('/' in selector)


def meaning(edge):
    """Return what an edge says; an option without value says nothing."""
    options = sorted(
        (name, value)
        for name, value in edge['options'].items()
        if value is not None
    )
    # As text, so that 1 is not True.
    return repr(([edge[name] for name in (*SINGLES, 'excluded')], options))


def as_declared(kind, value):  # noqa: PLR0911  one per type
    """Return a value of `VALUES` as an option's type has it, or None."""
    if value == 10**40:
        return None
    if kind == 'string':
        return str(value) if type(value) in {int, str} else None
    if kind == 'integer':
        whole = 2 if value == '2' else value
        return whole if type(whole) is int else None
    if kind == 'boolean':
        if isinstance(value, str):
            return True if value == 'true' else None
        return True if value in (1, True) else None
    if kind == 'secret':
        return value if isinstance(value, str) else None
    return value if isinstance(value, dict) else None
