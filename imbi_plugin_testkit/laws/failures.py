"""What a handler makes of faults of the remote (ASY004 and ASY005)."""
