"""SEC1xx: the manifest carries no secret (ADR 0012, section 5)."""

from __future__ import annotations

from imbi_plugin_testkit.checks import check_codes
from imbi_plugin_testkit.checks._declared import secret_problems

_ROWS = (
    (
        'SEC101',
        ('secret_name',),
        'no field that is named like a secret has a value',
        'Declaring that a credential named client_secret exists is what a '
        'manifest is for; giving it a value shows that value to every '
        'operator of every tenant.',
    ),
    (
        'SEC102',
        ('secret_vendor_format',),
        "no value has the format of a vendor's token",
        'Vendors give their tokens a form that nothing else has, so that a '
        'match is a leaked token until proven otherwise. Revoke it: it is '
        'already in the wheel.',
    ),
    (
        'SEC103',
        ('secret_private_key',),
        'no value is a private key',
        'A private key in a published package signs for everyone who '
        'installs it.',
    ),
    (
        'SEC104',
        ('secret_url',),
        'no URL carries a secret',
        'Userinfo, signed queries and webhook paths are credentials in the '
        'clothes of an address, and end in logs and histories.',
    ),
    (
        'SEC105',
        ('secret_opaque_value',),
        'no free-form value looks random',
        'In a default, a choice or a parameter a long random value is rarely '
        'anything but a key. A value that must stand can be excused by path '
        'and reason in secret-exceptions.',
    ),
    (
        'SEC106',
        ('secret_placeholder',),
        "no placeholder stands in a secret's place",
        'Operators take a value that is there for a working default, and '
        'install with "changeme" as their password.',
    ),
)
"""Id, codes of the secret detector, title, rationale."""

_FIXES = {
    'SEC101': (
        'Remove the value, and declare a credential that the operator '
        'fills in.'
    ),
    'SEC102': (
        'Remove the token, revoke it where it was issued, and declare '
        'a credential.'
    ),
    'SEC103': (
        'Remove the key, replace it wherever it is trusted, and '
        'declare a credential.'
    ),
    'SEC104': (
        'Leave user, password, signature and token out of the '
        'address, and change them where they are valid.'
    ),
    'SEC105': (
        'Remove the value, or give its path and a reason in '
        '`secret-exceptions`.'
    ),
    'SEC106': (
        'Remove the placeholder; say in the description what the '
        'value looks like.'
    ),
}
"""Id to how to mend it, where a problem says nothing more exact."""

check_codes(
    _ROWS, secret_problems, module=__name__, fixes=_FIXES, security=True
)
