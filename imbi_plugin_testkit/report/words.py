"""Words that the report and its readers share."""

NOT_RUN = 'it was not run: deselected, or the run was stopped'
"""Reason of a check that was called for and has no result."""
