"""Hooks of the whole test run: what could not be run here is named at the end, with its remedy."""

pytest_plugins = ["tools.needs", "pytester"]
