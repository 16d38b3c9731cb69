"""The words of SVG's value grammars: numbers, lengths and what parts them.

Sources of regular expressions. Numbers are atomic groups and white space is
possessive, so that no input makes a pattern backtrack (Python 3.11's `re`).
"""

from __future__ import annotations

# An exponent of two digits is past every length (SVG 2 asks for single
# precision floats, up to 3.4e38).
N = r'(?>[+-]?(?>\d++(?>\.\d*+)?|\.\d++)(?>[eE][+-]?\d{1,2}(?!\d))?)'
S = r'(?>[ \t\n\r\f]*+,?[ \t\n\r\f]*+)'
W = r'[ \t\n\r\f]*+'
UNIT = r'(?>px|em|rem|ex|ch|pt|pc|cm|mm|in|Q|%)?'
LENGTH = f'{N}{UNIT}'
