"""Tests of the plugin, and the provider that they sign in at."""
