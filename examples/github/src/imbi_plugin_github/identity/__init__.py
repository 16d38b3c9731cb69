"""Signing in at GitHub: the web flow, with PKCE."""
