"""Which calls change something at the remote, and who may make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_testkit.model import Untestable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from imbi_plugin_testkit.sandbox import Sandbox

READ_ONLY = 'read-only mode'
"""The reason that a report gives."""

READS: Mapping[str, frozenset[str]] = {
    'configuration': frozenset({'list_keys', 'get_values'}),
    'logs': frozenset({'search', 'schema', 'histogram'}),
    # A request and what is materialized run out by themselves.
    'identity': frozenset({'authorization_request', 'materialize'}),
    'deployment': frozenset(
        {
            'list_refs',
            'list_commits',
            'resolve_committish',
            'compare',
            'get_check_status',
            'get_deployment_status',
            'list_workflows',
            'list_recent_deployments',
        }
    ),
    'lifecycle': frozenset({'resolve_relocation_target'}),
    'analysis': frozenset({'analyze'}),
    'incidents': frozenset({'list_incidents'}),
}
"""Plugin type to the methods that only read; all others write, the actions of
a webhook included."""

ASKED = frozenset(
    {
        'accepts',
        'changed',
        'elsewhere',
        'examples_from_sign_in',
        'fault',
        'impatient',
        'releases',
        'runs',
        'snapshot',
        'tenant',
        'urls',
    }
)
"""Methods of sandboxes that make nothing at the backend."""

MAKING = frozenset(
    {
        'advance',
        'connect',
        'disposable',
        'expire',
        'expire_cursors',
        'flawed',
        'plant',
        'remove',
        'seed',
        'sign_in',
        'record_check',
        'record_deployment',
        'start_run',
    }
)
"""Methods of sandboxes that do; no law may call them in read-only mode."""


def writes(plugin_type: str, method: str) -> bool:
    """Return whether a method changes something at the remote."""
    return method not in READS.get(plugin_type, frozenset())


def refused(what: str) -> Untestable:
    """Return the outcome of a law that would write in read-only mode."""
    return Untestable(f'{READ_ONLY}: {what} would write to the backend')


def read_only(sandbox: Sandbox) -> Sandbox:
    """Return the same sandbox, refusing all that writes.

    It shares the original's attributes, and its class derives from the
    original's, for laws that look at either.
    """
    kind = type(sandbox)
    refusing = {
        name: _refusing(name) for name in MAKING if hasattr(kind, name)
    }
    derived = type(f'ReadOnly{kind.__name__}', (kind,), refusing)
    twin: Any = object.__new__(derived)
    twin.__dict__ = vars(sandbox)
    return cast('Sandbox', twin)


def _refusing(name: str) -> Callable[..., None]:
    def method(self: object, *args: object, **kwargs: object) -> None:
        del self, args, kwargs
        raise refused(f"the sandbox's {name}()")

    return method
