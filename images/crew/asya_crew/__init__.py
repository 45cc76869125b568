"""Handlers of the end actors: `happy-end` keeps results, `error-end` keeps errors."""
