"""Laws of a logs plugin: entries seeded into a window."""
