"""Options and credentials: what a plugin is given, and what is missing.

Options come in tiers: the plugin node's, then those of the project types'
assignments, then those of the project's. A later tier stands above an
earlier one, name by name and no deeper. None is unset and inherits; an empty
string clears what was inherited, so that the manifest's default applies, as
it does where an operator leaves the field of a form empty. The result is
then held against the manifest: coerced, or a problem. A value that does not
fit is never replaced by a default.

That is the host's side. Handlers read what they are given with
`read_credentials`, `read_text` and `read_seconds`.

No message here quotes a value: it may be a secret in the wrong place.
"""

from __future__ import annotations

from imbi_plugin_sdk.options._coercion import (
    BOOLEAN_WORDS,
    COERCIONS,
    Coercion,
    OptionsError,
    coerce_option,
)
from imbi_plugin_sdk.options._credentials import (
    missing_credentials,
    require_credentials,
)
from imbi_plugin_sdk.options._reading import (
    read_credentials,
    read_seconds,
    read_text,
)
from imbi_plugin_sdk.options._search import (
    expand_search,
    search_variables,
    template_problems,
)
from imbi_plugin_sdk.options._tiers import (
    MANIFEST_DEFAULT,
    MergedOptions,
    ResolvedOptions,
    Tier,
    merge_options,
    resolve_options,
)

__all__ = [
    'BOOLEAN_WORDS',
    'COERCIONS',
    'MANIFEST_DEFAULT',
    'Coercion',
    'MergedOptions',
    'OptionsError',
    'ResolvedOptions',
    'Tier',
    'coerce_option',
    'expand_search',
    'merge_options',
    'missing_credentials',
    'read_credentials',
    'read_seconds',
    'read_text',
    'require_credentials',
    'resolve_options',
    'search_variables',
    'template_problems',
]
