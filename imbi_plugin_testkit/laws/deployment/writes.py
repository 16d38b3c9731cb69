"""Tags and releases (DEP008 and DEP009)."""
