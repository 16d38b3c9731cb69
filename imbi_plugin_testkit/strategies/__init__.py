"""Hypothesis strategies for what laws and authors' own tests make up.

One module per subject; the names are here as well. Hypothesis is imported
when a strategy is asked for, so that the kit loads without it::

    from hypothesis import given
    from imbi_plugin_testkit.sandbox import Limits
    from imbi_plugin_testkit.strategies import config_values, keys


    @given(keys(Limits()), config_values(Limits()))
    def test_my_encoding(key, value): ...
"""

from __future__ import annotations

from imbi_plugin_testkit.strategies.configuration import (
    config_values,
    keys,
    values,
)
from imbi_plugin_testkit.strategies.deployment import (
    commit_graphs,
    ref_names,
    run_inputs,
)
from imbi_plugin_testkit.strategies.identity import (
    identity_credentials,
    oauth_states,
    oidc_claims,
    people,
    pkce_verifiers,
    redirect_uris,
    scope_names,
    scopes,
)
from imbi_plugin_testkit.strategies.logs import (
    log_entries,
    log_filters,
    log_instants,
    log_queries,
    log_windows,
)
from imbi_plugin_testkit.strategies.manifests import manifests
from imbi_plugin_testkit.strategies.projects import contexts

__all__ = [
    'commit_graphs',
    'config_values',
    'contexts',
    'identity_credentials',
    'keys',
    'log_entries',
    'log_filters',
    'log_instants',
    'log_queries',
    'log_windows',
    'manifests',
    'oauth_states',
    'oidc_claims',
    'people',
    'pkce_verifiers',
    'redirect_uris',
    'ref_names',
    'run_inputs',
    'scope_names',
    'scopes',
    'values',
]
