"""The law of an incidents plugin, a module for each part of it."""
