"""With how many seeds laws are tried on mutants and on right handlers.

All of them by default; a run that only shows that another interpreter does the
same may divide their number by `IMBI_LAW_SEEDS_DIVISOR`.
"""

import os

_DIVISOR = int(os.environ.get('IMBI_LAW_SEEDS_DIVISOR', '1'))

MUTANT_SEEDS = range(max(2, 20 // _DIVISOR))
GOOD_SEEDS = range(max(2, 50 // _DIVISOR))
