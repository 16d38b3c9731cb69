"""What becomes of tokens (IDN009 to IDN014)."""
