"""What the runtime's tests share: a folder for the socket, and runtimes that are real processes."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from pathlib import Path

import pytest

from asya_runtime import loader
from images.runtime.tests.driver import Runtime

USED: list[str] = []
"""The interpreters that runtimes were started with on purpose, for the summary."""

HANDLERS = Path(__file__).parent / "handlers"

# These need the environment of development, or take long; the others run on every Python with pytest alone.
ONCE = [
    "test_batching_properties.py",
    "test_codecs.py",
    "test_codec_properties.py",
    "test_frames_properties.py",
    "test_every_python.py",
]
collect_ignore = [] if importlib.util.find_spec("hypothesis") else [*ONCE, "test_stuck_tasks.py"]


@pytest.fixture
def folder():
    """A folder with a short path, as a socket needs it."""
    with tempfile.TemporaryDirectory(prefix="asya-") as path:
        yield Path(path)


@pytest.fixture
def start(folder):
    """Start a runtime: `start("module.function", ASYA_CONCURRENCY="2")`; it is ended with the test."""
    started = []

    def start_one(handler, *, wait=True, python=sys.executable, prefix=(), cgroup=None, **environ):
        environ = {"ASYA_HANDLER": handler, "ASYA_SOCKET_DIR": str(folder), **environ}
        runtime = Runtime(python, HANDLERS, environ, prefix=prefix, cgroup=cgroup)
        started.append(runtime)
        if wait:
            runtime.wait_until_ready()
        return runtime

    yield start_one
    for runtime in started:
        runtime.kill()


@pytest.fixture
def handlers(monkeypatch):
    """Make the handlers importable here, and forget them afterwards."""
    monkeypatch.syspath_prepend(str(HANDLERS))
    before = set(sys.modules)
    yield HANDLERS
    for name in set(sys.modules) - before:
        if str(HANDLERS) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def load(handlers):
    """Load a handler into this process: `load("module.function", START="3")`."""
    assert str(handlers) == sys.path[0]
    loaded = []

    def load_one(path, mode="payload", batch_size=1, **environ):
        loaded.append(loader.load(path, environ, mode, batch_size))
        return loaded[-1]

    yield load_one
    for handler in loaded:
        handler.close()


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch):
    for name in list(os.environ):
        if name.startswith("ASYA_"):
            monkeypatch.delenv(name)


def pytest_terminal_summary(terminalreporter):
    """Name the interpreters that the runtime ran on."""
    if USED:
        terminalreporter.write_line(f"the runtime ran on {', '.join(dict.fromkeys(USED))}")
