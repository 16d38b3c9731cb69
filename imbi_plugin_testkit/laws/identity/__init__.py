"""Laws of an identity plugin: an identity provider."""
