"""One module per kind of generated page; `docs/generate.py` runs them."""
