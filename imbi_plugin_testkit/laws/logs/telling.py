"""What a logs plugin tells about itself (LOG013 to LOG017)."""
