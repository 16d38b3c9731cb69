"""Deployment runs (DEP010 to DEP015)."""
