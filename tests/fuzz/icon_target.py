"""Coverage-guided fuzzing of the sanitizer: `python icon_target.py [flags]`.

Bytes go in as they are, so that parser, style sheets and values are all
reached from broken input. Flags are libFuzzer's; a folder of files is the
corpus to start from. IMBI_FUZZ_FAULT=1 plants a fault, to show that one is
found.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))

with atheris.instrument_imports(
    include=['imbi_plugin_sdk.icons', 'tinycss2', 'defusedxml']
):
    import icon_checker

    # What the sanitizer imports on use must be watched, too.
    icon_checker.check(
        f'<svg xmlns="{icon_checker.SVG}"><style>g{{fill:red}}</style>'
        '<g transform="scale(2)"><path d="M0 0h9"/></g></svg>'.encode()
    )

PLANTED = os.environ.get('IMBI_FUZZ_FAULT') == '1'


def target(data: bytes) -> None:
    """Hold one input to every law of the sanitizer."""
    clean = icon_checker.check(data)
    if PLANTED and clean is not None and b' transform=' in clean:
        raise KeyError('planted')


if __name__ == '__main__':
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
