"""What every test of the sidecar may ask for."""

import os
import tempfile
from pathlib import Path

import pytest

from asya_sidecar import fetching, sending
from images.sidecar.tests.payload_store import Store


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


@pytest.fixture
def store(folder):
    return Store(folder / "store")


@pytest.fixture
def store_asked_often(monkeypatch):
    for module in (sending, fetching):
        monkeypatch.setattr(module, "_FIRST_RETRY", 0.001)
        monkeypatch.setattr(module, "_LAST_RETRY", 0.01)
