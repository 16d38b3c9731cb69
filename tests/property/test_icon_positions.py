"""Each removal points at its first character, however the source is laid."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from imbi_plugin_sdk.icons import sanitize_svg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:i="urn:i"'
NAMES = ('é字', '😀', 'a', '\u0301', '\u200b', '٣')

# Between declarations; entities and line ends are one character to CSS.
_SPACES = (' ', '\t', '\n', '\r\n', '\r', '&#32;', '&#10;', '&#x9;', ' ')
_COMMENTS = (*(f'/*{name}*/' for name in NAMES), '/*&lt;&amp;*/')
_MARKUP = ('<!-- é -->', '<!--\r\n-->', '<?i é?>', '<![CDATA[ é<\r\n ]]>')
_IN_VALUE = st.sampled_from(_SPACES + _COMMENTS)
# A sheet's CDATA may hold what CSS takes for a comment only.
_IN_SHEET = st.sampled_from(
    (
        *_SPACES,
        *_COMMENTS,
        *_MARKUP[:3],
        '<![CDATA[/* é<\r\n & */]]>',
        '<![CDATA[\t]]>',
    )
)
_VALUES = st.sampled_from(
    ('1', 'é', '"😀;"', "'a'", 'f(1)', '&#x31;', '1\r\n')
)
_SOURCE_TAGS = st.sampled_from((' ', '\n', '\r\n', '\t', '\r\n\t '))


def build(pieces) -> tuple[str, list[tuple[str, int, int]]]:
    """Return a text, and where each piece that has a name begins in it."""
    text = ''
    places = []
    for name, piece in pieces:
        if name:
            before = text.rpartition('\n')[2]
            places.append((name, text.count('\n') + 1, len(before) + 1))
        text += piece
    return text, places


@st.composite
def declarations(draw, quote, gaps, first):
    """Return pieces of CSS: what is not known, between what is noise."""
    pieces = []
    for index in range(draw(st.integers(1, 4))):
        name = f'x{first + index}'
        pieces += [('', draw(gaps)) for _ in range(draw(st.integers(0, 3)))]
        spelt = draw(st.sampled_from((name, f'&#x78;{name[1:]}')))
        value = draw(_VALUES.filter(lambda text: quote not in text))
        pieces.append((name, f'{spelt}:{value};'))
    return pieces


@st.composite
def sources(draw):
    """Return a document with what must be found where."""
    pieces = [('', draw(st.sampled_from(('', '\ufeff', '<!DOCTYPE svg>\n'))))]
    pieces += [('', HEAD), ('', draw(_SOURCE_TAGS)), ('', 'viewBox="0 0 1 1"')]
    pieces += [('', '>'), ('', draw(_SOURCE_TAGS))]
    pieces += [('', draw(st.sampled_from(('', '<!--é\r\n-->'))))]
    pieces += [('', '<style\n title="é>">')]
    for rule in range(draw(st.integers(0, 2))):
        gap = st.lists(_IN_SHEET, max_size=3).map(''.join)
        pieces += [('', draw(gap)), ('', f'{draw(st.sampled_from("g*"))}{{')]
        pieces += draw(declarations('<', _IN_SHEET, 10 * rule))
        pieces += [('', '}')]
    pieces += [('', '</style>'), ('', draw(_SOURCE_TAGS)), ('', '<g')]
    # The same name may be there with a prefix, too; so may `style`.
    for name in draw(st.permutations(('n0', 'n1', 'i:n1', 'i:style'))):
        quote = draw(st.sampled_from('"\''))
        inner = draw(st.sampled_from(('>', 'é', 'a="b' + "'b"))) + '&lt;\r\n'
        inner = inner.replace(quote, '')
        equals = draw(st.sampled_from(('=', ' =', '=\r\n')))
        pieces += [('', draw(_SOURCE_TAGS))]
        what = '' if name == 'i:style' else name.rpartition(':')[2]
        pieces += [(what, f'{name}{equals}{quote}{inner}{quote}')]
    if draw(st.booleans()):
        quote = draw(st.sampled_from('"\''))
        pieces += [('', f'\r\n style={quote}')]
        pieces += draw(declarations(quote, _IN_VALUE, 100))
        pieces += [('', quote)]
    return build([*pieces, ('', '/></svg>')])


@given(sources())
@settings(max_examples=150, deadline=None)
def test_a_removal_points_at_what_was_removed(source):
    text, places = source
    removals = sanitize_svg(text.encode()).removals
    found = [
        (removal.what.partition(':')[0], removal.line, removal.column)
        for removal in removals
        if removal.what[:1] in 'xn' and removal.what[1:2].isdigit()
    ]

    assert found == places
