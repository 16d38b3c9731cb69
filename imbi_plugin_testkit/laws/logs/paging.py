"""How a search is paged (LOG001 to LOG006)."""
