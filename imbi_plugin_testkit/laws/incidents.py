"""The law of an incidents plugin (INC001)."""
