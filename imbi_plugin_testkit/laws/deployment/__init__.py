"""Laws of a deployment plugin: a graph of commits."""
