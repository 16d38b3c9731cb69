"""TPL: the service template says what holds for every tenant, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from imbi_plugin_sdk import urls
from imbi_plugin_sdk.manifest._declaration import view
from imbi_plugin_sdk.manifest._template_rules import url_entries
from imbi_plugin_testkit.checks import check, check_codes
from imbi_plugin_testkit.checks._declared import (
    TEMPLATE,
    has_template,
    template_problems,
)
from imbi_plugin_testkit.model import Finding, Severity, Untestable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_testkit.subject import PluginUnderTest, Subject

_ROWS = (
    (
        'TPL001',
        (
            'unknown_field',
            'missing_field',
            'wrong_type',
            'wrong_value',
            'url_type',
        ),
        "the template has the model's fields with their types",
        'A misspelt or mistyped field would leave the service record without '
        'the value that the author meant to give.',
    ),
    (
        'TPL002',
        ('wrong_choice',),
        "the template's vocabulary fields use its words",
        'Category, PKCE use and token method are compared by the host; a '
        "word of one's own sorts the service nowhere.",
    ),
    (
        'TPL003',
        ('template_id_invalid', 'template_id_too_long'),
        'the template id is a slug of at most 64 characters',
        'Plugins with equal vendor and id share one service, so the id is a '
        'key and not a title.',
    ),
    (
        'TPL004',
        ('vendor_invalid', 'display_name_blank'),
        'vendor and display name can be read',
        'The vendor is half of the identity by which an existing service is '
        'found again.',
    ),
    (
        'TPL005',
        ('link_name_blank',),
        'every link has a name',
        'The name is all that an operator sees of a link before clicking.',
    ),
    (
        'TPL010',
        ('url_scheme',),
        'every URL is https',
        'Tokens and codes travel to these endpoints; over anything but https '
        'they can be read on the way.',
    ),
    (
        'TPL011',
        ('url_userinfo',),
        'no URL carries a user name or password',
        'Userinfo leaks into logs and browser histories, and hides which '
        'host is really meant.',
    ),
    (
        'TPL012',
        ('url_ip_literal', 'url_single_label', 'url_special_use'),
        'every host is a public name',
        'An address, a bare name or a reserved name means another machine in '
        'each network, often one that should not be reached.',
    ),
    (
        'TPL013',
        (
            'url_trailing_dot',
            'url_empty_label',
            'url_label_length',
            'url_host_invalid',
            'url_punycode',
            'url_non_ascii_host',
        ),
        'every host is well-formed',
        'Parsers disagree about malformed hosts, and what they disagree '
        'about is where a secret is sent.',
    ),
    (
        'TPL014',
        ('url_port_invalid',),
        'every port is a number from 1 to 65535',
        'A port outside of the range fails in some clients and wraps around '
        'in others.',
    ),
    (
        'TPL015',
        (
            'url_backslash',
            'url_control',
            'url_character',
            'url_percent',
            'url_grammar',
            'url_blank',
            'url_too_long',
        ),
        'every URL keeps the grammar of RFC 3986',
        'Browsers mend a malformed URL and servers do not, so that both end '
        'in different places.',
    ),
    (
        'TPL016',
        ('url_dot_segment', 'url_encoded_delimiter'),
        'no path can be read in two ways',
        'Dot segments and encoded delimiters are resolved by some servers '
        'and proxies and passed on by others.',
    ),
    (
        'TPL017',
        ('url_fragment',),
        'no endpoint has a fragment',
        'RFC 6749, section 3.1 forbids it: the fragment never reaches the '
        'server.',
    ),
    (
        'TPL018',
        ('url_query', 'url_query_reserved'),
        "no endpoint writes OAuth's own parameters",
        'The host adds these parameters to every request; a second copy is '
        'an error by RFC 6749, section 3.1.',
    ),
    (
        'TPL019',
        ('url_query_secret',),
        'no URL has a parameter that is named like a secret',
        'What stands in a template is on every screen that shows the '
        'service, and in the log of every proxy.',
    ),
    (
        'TPL030',
        ('url_variable_undeclared', 'url_variable_syntax'),
        'every placeholder is a declared variable',
        'The host asks the operator for declared variables only; an '
        'undeclared one would stay in the URL as text.',
    ),
    (
        'TPL031',
        ('variable_unused', 'url_variable_unused'),
        'every variable stands in a URL',
        'Operators would be asked for a value that changes nothing.',
    ),
    (
        'TPL032',
        ('url_variable_position', 'url_variable_mixed'),
        "every placeholder stands where its variable's kind may",
        "A placeholder in the scheme, the port or a parameter's name could "
        'turn the URL into another one altogether.',
    ),
    (
        'TPL033',
        (
            'variable_name',
            'variable_kind',
            'variable_choices',
            'variable_default',
            'variable_pattern',
        ),
        'every variable is declared so that values can be judged',
        'Kind, choices, default and pattern are what stands between an '
        "operator's slip and a wrong URL.",
    ),
    (
        'TPL040',
        ('scope_invalid', 'scope_duplicate', 'scope_separator_invalid'),
        'default scopes are distinct tokens that the separator can join',
        'A scope that holds the separator arrives at the vendor as two '
        'scopes, and neither may exist.',
    ),
    (
        'TPL041',
        (
            'parameter_reserved',
            'parameter_name_invalid',
            'parameter_value_invalid',
        ),
        'authorization_params holds only free, printable parameters',
        "The host writes the flow's own parameters itself, and a second "
        'copy could redirect or weaken the flow.',
    ),
)
"""Id, codes of the template's rules, title, rationale."""

_FIXES = {
    'TPL001': (
        'Use the fields of ThirdPartyServiceTemplate with the types '
        'that the message names.'
    ),
    'TPL002': ('Use one of the words that the message lists.'),
    'TPL003': ("Write it like 'aws': lower-case words joined by hyphens."),
    'TPL004': (
        "Give the vendor's usual name in 1 to 128 characters, as in "
        "'Amazon Web Services'."
    ),
    'TPL005': ("Name the link by what it leads to, as in 'Status page'."),
    'TPL010': ('Write the whole address, beginning with https://.'),
    'TPL011': (
        'Remove what stands before the `@`, and declare a credential instead.'
    ),
    'TPL012': (
        "Write the vendor's public host; where operators run the "
        'service, use a variable of kind host.'
    ),
    'TPL013': (
        'Write the host as its DNS name, in ASCII and without a dot '
        'at the end.'
    ),
    'TPL014': ('Leave the port out, or write a number from 1 to 65535.'),
    'TPL015': (
        'Percent-encode what RFC 3986 does not allow, and write '
        'slashes forward.'
    ),
    'TPL016': (
        'Write the path that is meant, without `.`, `..` and encoded slashes.'
    ),
    'TPL017': ('Remove the fragment.'),
    'TPL018': (
        'Move the parameter to the field that the message names, or '
        'leave it to the host.'
    ),
    'TPL019': (
        'Remove the parameter; declare a credential that the operator '
        'fills in.'
    ),
    'TPL030': (
        'Declare the placeholder in `variables`, and write it as `{name}`.'
    ),
    'TPL031': ('Use the variable in a URL, or remove it.'),
    'TPL032': (
        'Put the placeholder where its kind may stand: `label` and '
        '`host` in the host, `segment` in the path, `base_url` first.'
    ),
    'TPL033': (
        'Declare the variable as the message says; `choices` go with '
        'kind enum only.'
    ),
    'TPL040': (
        'List each scope once, and join them with a space, or with '
        "',' where the vendor wants it."
    ),
    'TPL041': (
        'Remove parameters that the host writes itself; write the '
        'others as they must arrive.'
    ),
}
"""Id to how to mend it, where a problem says nothing more exact."""

check_codes(
    _ROWS,
    template_problems,
    module=__name__,
    fixes=_FIXES,
    applies=has_template,
)


@check(
    'TPL020',
    title='URLs use port 443',
    fix='Leave the port out if the service answers on 443 too.',
    severity=Severity.SHOULD,
    applies=has_template,
)
def ports_are_standard(plugin: PluginUnderTest) -> Iterator[Finding]:
    """Vendors serve https on port 443, and firewalls let that out.

    Another port is legal and is often a slip that was copied from a
    development machine.
    """
    data = view(plugin.data.get(TEMPLATE))
    for _, path, kind, url in url_entries(data):
        for problem in urls.check_url(
            url, kind=cast('urls.UrlKind', kind), path=path
        ):
            if problem.code in urls.WARNING_CODES:
                yield Finding(
                    f'{TEMPLATE}.{problem.path}',
                    problem.message,
                    problem.fix,
                )


@check(
    'TPL050',
    title='plugins that share a template id carry equal templates',
    fix='Define the template once in the package and use it in each manifest.',
    scope='distribution',
    applies=has_template,
)
def templates_agree(subject: Subject) -> Iterator[Finding]:
    """Entry points with one vendor and id end on one service record.

    Which values that record gets would otherwise depend on the order of
    installation (ADR 0012, section 4).
    """
    first: dict[tuple[str, str], PluginUnderTest] = {}
    for plugin in subject.plugins:
        try:
            template = view(plugin.data.get(TEMPLATE))
        except Untestable:
            continue
        if not template:
            continue
        vendor = ' '.join(str(template.get('vendor')).casefold().split())
        key = (vendor, str(template.get('id')))
        other = first.setdefault(key, plugin)
        theirs = view(other.data[TEMPLATE])
        fields = sorted(
            name
            for name in {*template, *theirs}
            if template.get(name) != theirs.get(name)
        )
        if fields:
            yield Finding(
                plugin.name,
                f'its template {key[1]!r} differs from that of {other.name} '
                f'in {", ".join(fields)}.',
            )
