"""How signing in begins (IDN001 to IDN004)."""
