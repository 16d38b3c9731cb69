"""Laws of a webhook plugin (WEB001 to WEB003)."""
