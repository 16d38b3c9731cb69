"""Laws of a configuration plugin at its edges (CFG008 to CFG014)."""
