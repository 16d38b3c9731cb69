"""A manifest that was validated is not validated again, unless it changed.

Frozen models can be changed all the same. Whatever a plugin does to its
manifest before it is admitted, what is admitted was judged.
"""

from __future__ import annotations

import copy
import pickle

import pytest

from imbi_plugin_sdk.manifest import PluginManifest, PluginOption
from imbi_plugin_sdk.manifest._declaration import judged_twin

HEAD = """
from imbi_plugin_sdk import PluginOption, CredentialField, OpsLogTemplate
"""

EXTRA = """
options=[
    PluginOption(name='region', label='Region', choices=['a', 'b']),
    PluginOption(name='tags', label='Tags', type='mapping', default={'a': ''}),
],
credentials=[CredentialField(name='token', label='Token')],
ops_log_templates={'made': OpsLogTemplate(label='Made')},
default_scopes=['read'],
"""

SECRET = "('ghp_' + 'a1B2' * 9)"
"""An expression, so that no scanner stumbles over this file."""

REFUSED = {
    'an attribute set past the guard': (
        "object.__setattr__(m, 'slug', 'Not A Slug')",
        'slug_invalid',
    ),
    'a value in __dict__': ("m.__dict__['name'] = ' '", 'name_blank'),
    'a field that nobody knows': (
        "m.__dict__['extra'] = 1",
        'unknown_field',
    ),
    'a field renamed': (
        "m.__dict__['unknown'] = m.__dict__.pop('third_party_service')",
        'unknown_field',
    ),
    'a value of another type': ("m.__dict__['cacheable'] = 'maybe'", None),
    'an entry twice': (
        'm.options.append(m.options[0])',
        'option_name_duplicate',
    ),
    'an entry that was never judged': (
        "m.options.append(PluginOption.model_construct(name='x'))",
        'missing_field',
    ),
    'an entry of another type': (
        "m.options[0] = m.ops_log_templates['made']",
        'missing_field',
    ),
    'an entry swapped for a copy that is wrong': (
        "m.options[0] = m.options[0].model_copy(update={'name': ' '})",
        'name_blank',
    ),
    'an entry of a class of the author': (
        'class Mine(PluginOption):\n    extra: int = 1\n'
        "m.options[0] = Mine(name='x', label='X')",
        'unknown_field',
    ),
    'an entry of a class of the author from the start': (
        'class Mine(PluginOption):\n    extra: int = 1\n'
        "m = type(m)(slug='one', name='One', plugin_type='logs',\n"
        "    options=[Mine(name='x', label='X')])",
        'unknown_field',
    ),
    'a secret in a list': (f'm.default_scopes[0] = {SECRET}', None),
    'a secret in an entry': (
        f"object.__setattr__(m.options[0], 'description', {SECRET})",
        None,
    ),
    'a secret in a dict of an entry': (
        f"m.options[1].default['a'] = {SECRET}",
        None,
    ),
    'a secret as a key': (f"m.options[1].default[{SECRET}] = ''", None),
    'a choice twice': (
        "m.options[0].choices.append('a')",
        'option_choices_duplicate',
    ),
    'a list emptied': (
        'm.options[0].choices.clear()',
        'option_choices_empty',
    ),
    'an entry in a dict': (
        "m.ops_log_templates['other'] = 1",
        'wrong_type',
    ),
    'an entry of a dict changed': (
        "m.ops_log_templates['made'].__dict__['label'] = 1",
        'wrong_type',
    ),
    'a list for a dict': ("m.__dict__['ops_log_templates'] = []", None),
    'a manifest without validation': (
        'm = m.model_construct(**{**m.__dict__, "slug": "Not A Slug"})',
        'slug_invalid',
    ),
    'a copy with an update': (
        "m = m.model_copy(update={'slug': 'Not A Slug'})",
        'slug_invalid',
    ),
    'a deep copy of a changed one': (
        'import copy\nm.options.append(1)\nm = copy.deepcopy(m)',
        'wrong_type',
    ),
    'a pickle of a changed one': (
        "import pickle\nm.__dict__['name'] = ' '\n"
        'm = pickle.loads(pickle.dumps(m))',
        'name_blank',
    ),
}


def changed(site, lines):
    """Return the source of a plugin that does something to its manifest."""
    return site.plugin(
        before=HEAD,
        extra=EXTRA,
        after=f'm = Handler.manifest\n{lines}\nHandler.manifest = m\n',
    )


@pytest.mark.parametrize(
    ('lines', 'code'), REFUSED.values(), ids=REFUSED.keys()
)
def test_a_manifest_changed_after_it_was_made_is_judged_again(
    site, lines, code
):
    site.install(files={'imbi_plugin_one/__init__.py': changed(site, lines)})
    registry = site.registry()
    (refusal,) = registry.current.refusals
    assert refusal.stage == 'manifest', refusal
    assert not registry.current.entries
    if code is not None:
        assert code in {problem.code for problem in refusal.problems}
    assert 'a1B2' not in str(registry.report())


@pytest.mark.parametrize(
    ('lines', 'seen'),
    [
        ("m.default_scopes.append('write')", ['read', 'write']),
        ("object.__setattr__(m, 'default_scopes', ['x'])", ['x']),
        ("m = m.model_copy(update={'default_scopes': ['y']})", ['y']),
        ('m = m.model_copy(deep=True)', ['read']),
    ],
)
def test_what_is_admitted_is_what_was_judged_last(site, lines, seen):
    site.install(files={'imbi_plugin_one/__init__.py': changed(site, lines)})
    entry = site.registry().get('one')
    assert entry.manifest.default_scopes == seen
    assert entry.manifest is not entry.handler.manifest


def test_nothing_that_a_plugin_does_later_reaches_the_registry(site):
    site.install(files={'imbi_plugin_one/__init__.py': changed(site, '')})
    entry = site.registry().get('one')
    before = entry.manifest.model_dump()
    theirs = entry.handler.manifest
    theirs.default_scopes.append('more')
    theirs.options[0].choices.append('c')
    theirs.options[1].default['b'] = ''
    for declaration in (
        theirs,
        theirs.options[0],
        theirs.credentials[0],
        theirs.ops_log_templates['made'],
    ):
        object.__setattr__(declaration, 'label', 'changed')
        declaration.__dict__['name'] = 'changed'
    assert entry.manifest.model_dump() == before


def manifest():
    return PluginManifest(
        slug='one',
        name='One',
        plugin_type='logs',
        options=[PluginOption(name='a', label='A', choices=['x', 'y'])],
        default_scopes=['p', 'q'],
    )


def test_only_what_was_validated_as_it_is_has_a_twin():
    made = manifest()
    assert judged_twin(made) == made
    assert judged_twin(made) is judged_twin(made)
    read = PluginManifest.model_validate(made.model_dump())
    assert judged_twin(read) == made
    assert judged_twin(copy.copy(made)) is None
    assert judged_twin(copy.deepcopy(made)) is None
    assert judged_twin(pickle.loads(pickle.dumps(made))) is None
    assert judged_twin(made.model_construct(**made.__dict__)) is None


def test_what_one_list_lost_is_not_made_up_by_another():
    made = manifest()
    made.options[0].choices.insert(0, made.default_scopes.pop())
    assert judged_twin(made) is None


def test_a_change_taken_back_is_none():
    made = manifest()
    made.default_scopes.append('r')
    assert judged_twin(made) is None
    made.default_scopes.pop()
    assert judged_twin(made) is not None


def test_an_equal_value_is_not_the_same_value():
    made = manifest()
    made.__dict__['api_version'] = True  # True == 1
    assert judged_twin(made) is None
