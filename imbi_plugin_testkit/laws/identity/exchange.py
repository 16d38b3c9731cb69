"""How signing in ends (IDN005 to IDN008)."""
