"""Does what libraries do on a machine without asking, and says how it went."""

import getpass
import importlib
import multiprocessing
import os
import pwd
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path


def process(_payload: dict) -> dict:
    """Try each habit."""
    return {name: tried(habit) for name, habit in HABITS.items()}


def tried(habit):
    """Return what it gives, or the exception's name and text."""
    try:
        return habit()
    except (OSError, KeyError) as error:
        return f"{type(error).__name__}: {error}"


def status(field: str) -> str:
    """Return a line of what the kernel says of this process."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(line.split(":")[1].strip() for line in lines if line.startswith(f"{field}:"))


def cache(own: str, shared: str, name: str) -> str:
    """Make a cache's folder as Hugging Face, torch and matplotlib look for theirs, and write into it."""
    folder = Path(os.environ.get(own) or Path(os.environ.get(shared, "~/.cache"), name)).expanduser()
    folder.mkdir(parents=True)
    (folder / "entry").write_text("kept", encoding="utf-8")
    return str(folder)


def written(path: str) -> str:
    """Write a file."""
    Path(path).write_text("x", encoding="utf-8")
    return "written"


def semaphore() -> str:
    """Do what process pools do at their start."""
    lock = multiprocessing.get_context("fork").Lock()
    with lock:
        return "locked"


def compiled() -> bool:
    """Say whether bytecode lies beside a module that was imported."""
    module = importlib.import_module("text_processor")
    return Path(module.__cached__).exists()


HABITS = {
    "user": getpass.getuser,
    "entry": lambda: pwd.getpwuid(os.getuid()).pw_name,
    "home": lambda: str(Path.home()),
    "ids": lambda: [os.getuid(), os.getgid(), os.getgroups()],
    "capabilities": lambda: [int(status(field), 16) for field in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")],
    "no_new_privileges": lambda: status("NoNewPrivs"),
    "temporary": lambda: tempfile.mkdtemp().startswith("/tmp/"),
    "torchinductor": lambda: str(Path(tempfile.gettempdir(), f"torchinductor_{getpass.getuser()}")),
    "huggingface": lambda: cache("HF_HOME", "XDG_CACHE_HOME", "huggingface"),
    "torch": lambda: cache("TORCH_HOME", "XDG_CACHE_HOME", "torch"),
    "matplotlib": lambda: cache("MPLCONFIGDIR", "XDG_CONFIG_HOME", "matplotlib"),
    "dotfile": lambda: written(str(Path("~/.netrc").expanduser())),
    "beside_the_code": lambda: written("/app/output.txt"),
    "bytecode": compiled,
    "semaphore": semaphore,
    "shared_memory": lambda: written("/dev/shm/tensor"),
    "subprocess": lambda: subprocess.check_output([sys.executable, "-c", "print('ran')"], text=True),
    "database": lambda: sqlite3.connect("").execute("select 1").fetchone()[0],
    "umask": lambda: oct(os.umask(0o022)),
}
