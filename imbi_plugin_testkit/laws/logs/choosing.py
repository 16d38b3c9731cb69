"""Which entries a search gives (LOG007 to LOG012)."""
