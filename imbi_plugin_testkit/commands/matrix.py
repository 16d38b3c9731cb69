"""The jobs in which a CI system judges every catalogued plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imbi_plugin_sdk.catalog import CatalogEntry

MOST_JOBS = 256
"""Jobs that one matrix of GitHub Actions may have; others allow more."""


def matrix(
    entries: Iterable[CatalogEntry], jobs: int = MOST_JOBS
) -> dict[str, Any]:
    """Return a matrix with each distribution in one job.

    What is blocked is not judged. The distributions are dealt out in turn, so
    that jobs differ by one at most.

    Args:
        entries: Of the catalog.
        jobs: The most jobs.

    Returns:
        `include`, a list of jobs: `job` (its name), `requirements` (for pip,
        one a line) and `distributions` (names, one a line; each for one
        `--imbi-plugin-dist`).
    """
    wanted: dict[str, str] = {}
    for entry in entries:
        if entry.status != 'blocked':
            # The last entry of a distribution is about its newest versions.
            wanted[entry.distribution] = entry.versions
    names = sorted(wanted)
    count = max(1, min(jobs, len(names)))
    shares = [names[start::count] for start in range(count)]
    return {
        'include': [
            {
                'job': share[0] if len(share) == 1 else f'{share[0]} and more',
                'requirements': '\n'.join(
                    f'{name}{wanted[name]}' for name in share
                ),
                'distributions': '\n'.join(share),
            }
            for share in shares
            if share
        ]
    }
