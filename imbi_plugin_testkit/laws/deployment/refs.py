"""Reading refs and commits (DEP001 to DEP007)."""
