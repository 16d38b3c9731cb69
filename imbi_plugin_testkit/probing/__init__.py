"""What runs in the processes that import a stranger's code."""
