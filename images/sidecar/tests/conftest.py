"""What every test of the sidecar may ask for."""

import os
import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def folder():
    """A folder with a short path, since a socket's path may not be long."""
    with tempfile.TemporaryDirectory(prefix="asya-") as path:
        yield Path(path)


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch):
    for name in os.environ:
        if name.startswith("ASYA_"):
            monkeypatch.delenv(name)
