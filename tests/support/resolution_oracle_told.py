"""What the rules say of every edge: traces, origins and faults of a world."""

from __future__ import annotations

import collections

from resolution_oracle import Fault, Reading, meaning
from resolution_worlds import DECLARED, HANDLERS, SINGLES


class FullReading(Reading):
    """A reading that explains itself, and says what an admin is told."""

    def traces(self, source):
        """Return how often (plugin, owner, verdict, gives) is told."""
        told = self.outcome(source)
        found = collections.Counter()
        for edge in self.all_edges:
            if edge['tab'] != self.tab:
                found[edge['plugin'], edge['owner'], 'other_tab', ()] += 1
        for plugin in self.opted_out:
            for edge in self.of(plugin):
                own = edge['owner'][0] == 'project'
                verdict = 'excludes' if own else 'excluded'
                found[plugin, edge['owner'], verdict, ()] += 1
        for plugin in self.bound:
            verdict = self.verdict(plugin, source, told)
            odd = self.contradicted(plugin)
            above = []
            for owner in self.owners:
                for edge in self.of(plugin, owner)[:1]:
                    gives = None if odd else gives_of(edge, above)
                    found[plugin, owner, verdict, gives] += 1
                    verdict = 'shadowed'
                    above.append(edge)
                for key, count in self.repeats(plugin, owner).items():
                    found[plugin, owner, key, None if odd else ()] += count
        return +found

    def repeats(self, plugin, owner):
        """Count what an owner says again, and what it says against that.

        Which of several contradicting edges is named first is nobody's
        business, so that with these only their number is told.
        """
        edges = self.of(plugin, owner)[1:]
        if self.at_odds(plugin, owner):
            return {'repeats': len(edges)}
        return {'copy': len(edges)}

    def verdict(self, plugin, source, told):
        """Return what becomes of the uppermost edge of a plugin."""
        if told['plugin'] == plugin:
            return 'selected' if told['code'] == 'resolved' else 'refused'
        if source is not None and not self.means(plugin, source):
            return 'not_source'
        if told['code'] == 'no_default' and told['plugin'] is None:
            return 'undecided'
        if told['plugin'] is None and plugin in told['candidates']:
            return 'tied'
        return 'outranked' if self.level(plugin) else 'not_default'

    def origins(self, plugin, *, resolved):
        """Return property to (owner kind, id, cleared)."""
        found = {}
        for name in SINGLES:
            value, owner = self.single(plugin, name)
            if owner is not None:
                found[name] = (*owner, value == '')
        node = self.world.nodes.get(plugin)
        if node is None:
            return found
        if node['identity']:
            found.setdefault('identity_plugin_id', ('plugin', plugin, False))
        for owner, tier in self.tiers(plugin):
            origin = ('plugin', plugin) if owner == 'plugin' else owner
            for name, value in tier.items():
                if value is not None:
                    found[f'options.{name}'] = (*origin, value == '')
        for name in HANDLERS.get(node['slug'], {}).get('options', ()):
            unset = found.get(f'options.{name}', (0, 0, True))[2]
            if resolved and unset and 'default' in DECLARED[name]:
                found[f'options.{name}'] = ('manifest', node['slug'], False)
        return found

    def lint(self):
        """Return the (code, path) pairs of a tab."""
        found = set()
        if self.bound:
            try:
                self.choose(None)
            except Fault as fault:
                found.add((fault.args[0], self.tab))
        for plugin in self.bound:
            path = f'{self.tab}[{plugin}]'
            try:
                served = self.serve(plugin)
            except Fault as fault:
                found.add((fault.args[0], path))
            else:
                found |= under(served, path)
                if served['identity']:
                    found |= under(served['identity'], f'{path}.identity')
            found |= self.idle(plugin, path)
        for plugin in self.opted_out:
            if {e['owner'][0] for e in self.of(plugin)} == {'project'}:
                path = f'{self.tab}[{plugin}]'
                found.add(('excluded_without_effect', path))
        return found

    def idle(self, plugin, path):
        """Return what is wrong with edges, used or not."""
        found = set()
        for owner in self.owners:
            edges = self.of(plugin, owner)
            # What repeats a contradiction is beside the point.
            same = len({meaning(edge) for edge in edges}) == 1
            if same and len(edges) > 1 and not self.contradicted(plugin):
                found.add(('duplicate_edge', path))
            for edge in edges:
                if edge['search_template'] == '${oops}':
                    where = f'{path}.search_template'
                    found.add(('search_template_invalid', where))
                if edge['excluded'] and owner[0] == 'project_type':
                    found.add(('excluded_on_type', path))
        return found


def under(served, path):
    """Return the problems of a served plugin, seen from its tab."""
    found = {(code, f'{path}.{where}') for code, where in served['problems']}
    return found | {
        ('option_unknown', f'{path}.options.{name}')
        for name in served['unknown']
    }


def gives_of(edge, above):
    """Return what a plugin has from an edge and from none above it."""
    gives = [
        name
        for name in SINGLES
        if edge[name] is not None
        and all(other[name] is None for other in above)
    ]
    if any(
        value is not None
        and all(other['options'].get(name) is None for other in above)
        for name, value in edge['options'].items()
    ):
        gives.append('options')
    return tuple(gives)
