"""The words of SVG's value grammars: numbers, lengths and what parts them.

Sources of regular expressions. Numbers are atomic groups and white space is
possessive, so that no input makes a pattern backtrack (Python 3.11's `re`).
Digits are ASCII's: what else Unicode calls a digit is no number to a browser.
"""

from __future__ import annotations

# SVG 2 asks for single precision floats, up to 3.4e38: 39 digits, and an
# exponent of two, so that no product of a few numbers is infinite. Programs
# for Windows write three digits, the first of them 0.
WHOLE = '(?>[0-9]{1,39}(?![0-9]))'
EXPONENT = '(?>[eE][+-]?0{0,4}?[0-9]{1,2}(?![0-9]))?'
N = rf'(?>[+-]?(?>{WHOLE}(?>\.[0-9]*+)?|\.[0-9]++){EXPONENT})'
S = r'(?>[ \t\n\r\f]*+,?[ \t\n\r\f]*+)'
W = r'[ \t\n\r\f]*+'
SPACES = ' \t\n\r\f'
"""White space; what else Unicode calls a space is a character of a word."""
UNIT = r'(?>px|em|rem|ex|ch|pt|pc|cm|mm|in|Q|%)?'
LENGTH = f'{N}{UNIT}'

PIXELS = {
    '': 1.0,
    'px': 1.0,
    'pt': 4 / 3,
    'pc': 16.0,
    'mm': 96 / 25.4,
    'cm': 96 / 2.54,
    'in': 96.0,
    'Q': 96 / 101.6,
}
"""CSS pixels in each absolute unit (CSS Values 4, section 6.2)."""
