"""What a handler keeps between calls (ASY009 to ASY011)."""
