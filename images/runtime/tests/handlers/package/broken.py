"""A module of a package whose import fails."""

raise ImportError("half installed")
