"""The contract of each plugin type: its payloads and its handler."""
