"""Laws of a lifecycle plugin (LIF001 to LIF004)."""
