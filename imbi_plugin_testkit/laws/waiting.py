"""What a handler does while it waits (ASY006 to ASY008)."""
