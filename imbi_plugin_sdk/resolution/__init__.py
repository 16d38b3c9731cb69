"""Which plugin serves a request, and why (ADR 0008, section 4).

The steps, in this order:

1. Edges of other tabs drop out.
2. The project's edge to a plugin node shadows those of its types. What it
   leaves unset is inherited, an empty string clears. `default` is unset,
   true or false, and counts on the level it is inherited from. `excluded`
   lets a project opt out of its type's plugin.
3. Edges that dangle and plugins that cannot serve stay candidates: choosing
   one is an error, and no request falls through to another plugin.
4. With a source, `id:<node>`, `<service>/<slug>` or `<slug>`: what answers
   to it; of several the default, by the rule of step 5.
5. Without: the project's default, else the types' default, else the only
   candidate. Two defaults on one level are an error.
6. The identity plugin: from the edge, then the type's edge, then the node. It
   must exist, be of type identity, be usable, and have none itself.
7. Options: node, types, project, merged shallowly, then defaulted and
   coerced against the manifest.

No tie is broken by age, id or order. The host's order of a project's types
counts in one place: where two types assign the same plugin node, the first
one's properties stand above the second's.

Example::

    graph = Graph(assignments=..., plugins=..., services=...)
    bindings = graph.bindings('p1', ['python-service'])
    found = resolve(bindings, 'configuration', registry.current)
"""

from __future__ import annotations

from imbi_plugin_sdk.resolution._lint import lint_assignments
from imbi_plugin_sdk.resolution._merge import Origin
from imbi_plugin_sdk.resolution._resolve import (
    explain,
    resolve,
    resolve_all,
    selectors,
)
from imbi_plugin_sdk.resolution._what_if import Change, what_if
from imbi_plugin_sdk.resolution.bindings import (
    Bindings,
    Graph,
    HandlerEntry,
    HandlerRefusal,
    Handlers,
)
from imbi_plugin_sdk.resolution.errors import (
    ERRORS,
    AmbiguousDefaultError,
    AmbiguousSourceError,
    ApiVersionUnsupportedError,
    DanglingEdgeError,
    HandlerUnavailableError,
    IdentityCycleError,
    IdentityMissingError,
    IdentityWrongTypeError,
    NoDefaultError,
    NothingBoundError,
    PluginDisabledError,
    ResolutionError,
    SourceNotBoundError,
    SourceUnknownError,
    TypeMismatchError,
)
from imbi_plugin_sdk.resolution.explanation import (
    VERDICTS,
    EdgeTrace,
    Explanation,
)
from imbi_plugin_sdk.resolution.outcome import (
    Bound,
    FanOut,
    IdentityBinding,
    Resolution,
)

__all__ = [
    'ERRORS',
    'VERDICTS',
    'AmbiguousDefaultError',
    'AmbiguousSourceError',
    'ApiVersionUnsupportedError',
    'Bindings',
    'Bound',
    'Change',
    'DanglingEdgeError',
    'EdgeTrace',
    'Explanation',
    'FanOut',
    'Graph',
    'HandlerEntry',
    'HandlerRefusal',
    'HandlerUnavailableError',
    'Handlers',
    'IdentityBinding',
    'IdentityCycleError',
    'IdentityMissingError',
    'IdentityWrongTypeError',
    'NoDefaultError',
    'NothingBoundError',
    'Origin',
    'PluginDisabledError',
    'Resolution',
    'ResolutionError',
    'SourceNotBoundError',
    'SourceUnknownError',
    'TypeMismatchError',
    'explain',
    'lint_assignments',
    'resolve',
    'resolve_all',
    'selectors',
    'what_if',
]
