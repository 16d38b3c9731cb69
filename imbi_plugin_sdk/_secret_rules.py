"""The table of secret formats: where it lies, and how a row reads.

The facts are in `_secret_rules.tsv` beside this module, so that a new format
is one line of data. `rules_version` moves with every change of the table or
of the structural rules; a test holds the two together.
"""

from __future__ import annotations

rules_version = '1'
"""Names the state of the rules; moves whenever a rule does."""

BODY_CLASSES = {
    'alnum': '[A-Za-z0-9]',
    'base32': '[A-Z2-7]',
    'base64': '[A-Za-z0-9+/=_-]',
    'dotted': '[A-Za-z0-9._=-]',
    'hex': '[a-fA-F0-9]',
    'lower': '[a-z0-9]',
    'tilde': '[A-Za-z0-9._~+/=-]',
    'upper': '[A-Z0-9-]',
    'word': '[A-Za-z0-9_=-]',
}
"""Names of the character classes that the table's column `body` uses."""

NARROW = frozenset({'alnum', 'base32', 'hex', 'lower', 'upper'})
"""Classes of bodies that end where the word does, or are none."""

STARTS, ID, VENDOR, PREFIX, BODY, MINIMUM, STRENGTH, NOTE = range(8)
"""The table's columns, as its last comment line names them too."""

INNER = '* '
"""What the first column begins with where a format has no beginning."""


def read_table() -> str:
    """Return the table's rows as text, also from inside a zip file."""
    path = __file__.rpartition('.')[0] + '.tsv'
    loader = getattr(__spec__, 'loader', None)
    get_data = getattr(loader, 'get_data', None)
    if get_data is not None:
        text = str(get_data(path), 'utf-8')
    else:
        with open(path, encoding='utf-8') as file:  # noqa: PTH123  pathlib costs 4 ms
            text = file.read()
    return text.replace('\r\n', '\n').partition('\n\n')[2].rstrip('\n')


def pattern(row: list[str]) -> str:
    """Return the regular expression of one row.

    Bodies are greedy classes with a minimum, and every repetition before
    them is bounded, so that a failed match costs no more than the prefix and
    the minimum: no text can make it catastrophic.
    """
    body = row[BODY]
    if body == '-':
        return f'(?:{row[PREFIX]})'
    narrow = '+(?![A-Za-z0-9])' if body in NARROW else ''
    least = row[MINIMUM]
    return f'(?:{row[PREFIX]}){BODY_CLASSES[body]}{{{least},}}{narrow}'
