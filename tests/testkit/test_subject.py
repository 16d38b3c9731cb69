"""What a plugin does while it is imported must not stay with the kit."""

import colorsys
import os
import sys
import warnings
from pathlib import Path

MESSY = """
import os, sys, warnings
os.chdir('/')
os.environ['IMBI_KIT_LEFT_BEHIND'] = '1'
sys.path.append('/nowhere')
warnings.simplefilter('ignore')
sys.modules['colorsys'] = os


class Messy:
    pass
"""


def test_importing_a_messy_plugin_leaves_this_process_as_it_was(
    make_distribution,
):
    made = make_distribution(
        'imbi-plugin-messy',
        files={'imbi_plugin_messy.py': MESSY},
        entry_points={'messy': 'imbi_plugin_messy:Messy'},
    )
    plugin = made.subject().plugins[0]
    before = (Path.cwd(), dict(os.environ), list(sys.path))
    filters = list(warnings.filters)
    assert plugin.handler.__name__ == 'Messy'
    assert (Path.cwd(), dict(os.environ), list(sys.path)) == before
    assert list(warnings.filters) == filters
    assert sys.modules['colorsys'] is colorsys
