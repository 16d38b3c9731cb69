"""The law of an analysis plugin (ANA001)."""
