"""The systems under test: how each one is started, and how its messages look."""
