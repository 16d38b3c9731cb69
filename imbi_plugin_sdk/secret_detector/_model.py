"""What the detector finds, and how a finding becomes a problem."""

from __future__ import annotations

import dataclasses
from typing import Literal

from imbi_plugin_sdk import errors

Kind = Literal[
    'name',
    'vendor_format',
    'private_key',
    'url',
    'opaque_value',
    'placeholder',
]
"""What makes a value a secret; the kit has one check per kind."""

MESSAGES: dict[str, tuple[str, str]] = {
    'name': (
        'a value stands where a name says that a secret goes',
        'Remove the value; declare a credential of that name, and let the '
        'operator fill it in.',
    ),
    'vendor_format': (
        'the value has the format of a token',
        'Remove the value, revoke it where it was issued, and declare a '
        'credential that the operator fills in.',
    ),
    'private_key': (
        'the value is a private key',
        'Remove the key, replace it wherever it is trusted, and declare a '
        'credential that the operator fills in.',
    ),
    'url': (
        'the address carries a secret',
        'Leave user, password, signature and token out of the address, '
        'change them where they are valid, and declare a credential.',
    ),
    'opaque_value': (
        'the value looks like one that a machine made up at random',
        'Remove the value if it is a secret. If it is public, move it out '
        'of the manifest, or give the field a name that says what it is, as '
        'in `digest` or `tenant_id`.',
    ),
    'placeholder': (
        'a placeholder stands where a secret goes',
        'Remove it: an operator would take it for a working default. Say in '
        'the description what the value looks like.',
    ),
}
"""By kind: what was seen, and how to mend it."""


@dataclasses.dataclass(frozen=True)
class SecretFinding:
    """One value that a manifest must not carry (ADR 0012, section 5).

    A finding never holds the value, nor a part of it other than `head`.

    Attributes:
        path: Where the value stands, as in `options[2].default`. A key that
            is a secret itself is masked in it.
        rule: Stable id of the rule, as in `github`; `explain_rule` takes it.
        kind: What makes the value a secret.
        slot: What the field holds otherwise: `identifier`, `url`, `prose`,
            `opaque` or `pattern`.
        length: Characters of what was found (of the token, not the text).
        head: The rule's own literal prefix where it has one, else empty.
        certain: Whether a checksum inside the token proves the finding.
    """

    path: str
    rule: str
    kind: Kind
    slot: str
    length: int
    head: str = ''
    certain: bool = False

    @property
    def code(self) -> str:
        """The problem's code, as in `secret_vendor_format`."""
        return f'secret_{self.kind}'

    def problem(self) -> errors.Problem:
        """Return the finding as a problem that shows none of the value."""
        seen, fix = MESSAGES[self.kind]
        head = f', beginning with {self.head!r}' if self.head else ''
        sure = ', its checksum is right' if self.certain else ''
        return errors.Problem(
            code=self.code,
            path=self.path,
            message=(
                f'{seen} (rule {self.rule}, {self.length} characters{head}'
                f'{sure}); a manifest carries no secrets.'
            ),
            fix=fix,
        )
