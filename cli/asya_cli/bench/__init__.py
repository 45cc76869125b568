"""How fast an actor is, and what limits it."""
