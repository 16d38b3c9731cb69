"""Deploying from GitHub: refs, tags, releases, and runs of a workflow."""
