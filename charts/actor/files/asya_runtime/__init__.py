"""Hosts a user's handler behind a Unix socket. Python's standard library only, Python 3.9 and newer."""
