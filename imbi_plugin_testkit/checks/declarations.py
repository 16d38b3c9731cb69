"""MAN010 and up: what the manifest says holds."""

from __future__ import annotations

from imbi_plugin_testkit.checks import check_codes
from imbi_plugin_testkit.checks._declared import manifest_problems

_ROWS = (
    (
        'MAN010',
        ('unknown_field',),
        'the manifest has no unknown fields',
        'A misspelt field would be dropped in silence, and with it the '
        'option, flag or credential that the author meant to declare.',
    ),
    (
        'MAN011',
        ('missing_field',),
        'the manifest has every required field',
        'The host shows and stores these fields without asking whether they '
        'are there.',
    ),
    (
        'MAN012',
        ('wrong_type', 'not_a_manifest'),
        'every field of the manifest has its type',
        'Hosts and other languages read the manifest as JSON with a schema; '
        'a field of another type breaks them far from here.',
    ),
    (
        'MAN013',
        ('wrong_choice',),
        'fields with a vocabulary use its words',
        "The host branches on these words, so that a word of one's own "
        'selects nothing.',
    ),
    (
        'MAN014',
        ('wrong_value', 'frozen'),
        'every field of the manifest has a value that can be read',
        'A value of the right shape can still be unreadable, as in "maybe" '
        'for a boolean.',
    ),
    (
        'MAN020',
        ('slug_invalid',),
        'the slug is lower-case words joined by hyphens',
        'The slug stands in URLs, selectors and stored references, where '
        'upper case, underscores and dots mean other things.',
    ),
    (
        'MAN021',
        ('slug_too_long',),
        'the slug has at most 64 characters',
        'Graph keys and selectors are made of slugs, and are stored with '
        'this bound.',
    ),
    (
        'MAN022',
        ('name_blank', 'label_blank'),
        'names and labels say something',
        'Operators choose by them; a blank one is a row in a form that '
        'nobody can tell from the next.',
    ),
    (
        'MAN023',
        ('api_version_invalid',),
        'api_version is an integer from 1 or a version specifier',
        'The host reads it before anything else. A boolean counts as an '
        'integer in Python and is none here.',
    ),
    (
        'MAN030',
        ('option_name_duplicate',),
        'option names are unique',
        'Options reach the handler as one dict by name, so that of two with '
        'one name the last would win in silence.',
    ),
    (
        'MAN031',
        ('credential_name_duplicate',),
        'credential names are unique',
        'Credentials reach the handler as one dict by name; of two with one '
        'name the operator would fill in one.',
    ),
    (
        'MAN032',
        ('data_type_name_duplicate',),
        'data type names are unique',
        'A stored value names its data type, and with two of one name nobody '
        'knows whether it is secret.',
    ),
    (
        'MAN033',
        ('option_default_type',),
        "an option's default has the option's type",
        'The host coerces what operators enter and trusts defaults, so the '
        'handler would receive a value of another type.',
    ),
    (
        'MAN034',
        ('option_default_choice',),
        "an option's default is one of its choices",
        'The form would open with a value that it does not offer, and refuse '
        'to be saved as it stands.',
    ),
    (
        'MAN035',
        ('option_secret_default',),
        'a secret option has no default',
        'A default is readable by everyone who installs the plugin, and so '
        'is no secret (ADR 0012, section 5).',
    ),
    (
        'MAN036',
        ('option_choices_empty', 'option_choices_duplicate'),
        "an option's choices are distinct and not empty",
        'An empty list allows no value at all; a choice listed twice makes '
        'two entries of one value.',
    ),
    (
        'MAN037',
        ('option_mapping_choices',),
        'an option of type mapping has no choices',
        'Choices are words and a mapping is a table of words: no value could '
        'ever be chosen.',
    ),
    (
        'MAN040',
        ('flag_wrong_type',),
        'capability flags stand on the type that can keep them',
        'A flag is a promise about methods, and only one plugin type has '
        'those methods.',
    ),
    (
        'MAN041',
        ('lifecycle_event_duplicate',),
        'lifecycle events are listed once',
        'An event listed twice suggests that another one was meant and is '
        'missing.',
    ),
    (
        'MAN042',
        ('scope_invalid', 'scope_duplicate'),
        'default scopes are distinct tokens',
        'Scopes are joined with spaces in the request (RFC 6749, section '
        '3.3), so that one with a space arrives as two.',
    ),
    (
        'MAN050',
        (
            'vertex_label_duplicate',
            'edge_label_duplicate',
            'model_ref_blank',
        ),
        'graph labels are named and declared once',
        'The host creates each label once, from one model; it refuses a '
        'plugin whose labels collide.',
    ),
    (
        'MAN051',
        ('edge_end_empty',),
        'edge labels can start and end somewhere',
        'An edge label without a vertex label at either end describes edges '
        'that cannot exist.',
    ),
    (
        'MAN052',
        ('index_fields_empty', 'index_field_blank'),
        'indexes name the properties that they index',
        'The host turns each index into a statement of its database, which '
        'fails without property names.',
    ),
)
"""Id, codes of `PluginManifest.problems_of`, title, rationale."""

_FIXES = {
    'MAN010': (
        'Spell the field as the model does (the message names the '
        'nearest one), or remove it.'
    ),
    'MAN011': ('Add the field that the message names.'),
    'MAN012': ('Give the field a value of the type that the message names.'),
    'MAN013': ('Use one of the words that the message lists.'),
    'MAN014': (
        'Write the value in a form that its type can be read from, as '
        'in `True` for a flag.'
    ),
    'MAN020': (
        "Write it like 'aws-ssm'. A slug that was published stays as it is."
    ),
    'MAN021': (
        'Shorten the slug before it is published; afterwards it must '
        'not change.'
    ),
    'MAN022': ('Write a name that an operator can tell from the others.'),
    'MAN023': ("Write `api_version=1`, or a range as in '>=1.2,<2'."),
    'MAN030': ('Give each option a name of its own.'),
    'MAN031': ('Give each credential a name of its own.'),
    'MAN032': ('Give each data type a name of its own.'),
    'MAN033': ("Write the default in the option's type, or change the type."),
    'MAN034': ('Take the default from the choices, or add it to them.'),
    'MAN035': ('Remove the default; the operator enters the value.'),
    'MAN036': (
        'List each allowed value once, or leave `choices` out to allow any.'
    ),
    'MAN037': ('Remove the choices, or make the option a string.'),
    'MAN040': (
        'Remove the flag, or move it to the plugin of the type that '
        'the message names.'
    ),
    'MAN041': ('List each event once.'),
    'MAN042': ('List each scope as an entry of its own, once.'),
    'MAN050': (
        'Name each label once, and name the model of each vertex label.'
    ),
    'MAN051': ('Name at least one vertex label for each end.'),
    'MAN052': ('Name the properties that the index covers.'),
}
"""Id to how to mend it, where a problem says nothing more exact."""

check_codes(_ROWS, manifest_problems, module=__name__, fixes=_FIXES)
