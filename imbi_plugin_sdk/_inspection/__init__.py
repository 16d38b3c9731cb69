"""What can be said of a stranger's class without running its code."""
