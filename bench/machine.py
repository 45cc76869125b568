"""What a reader needs to judge the figures: the machine, how busy it was, the versions, our commit."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.environments import Environments

ROOT = Path(__file__).resolve().parent.parent
PEERS = ("celery", "dramatiq", "taskiq", "taskiq-aio-pika", "faststream", "aio-pika", "pika", "uvloop")
_ASK = "import json, sys; from importlib.metadata import version as v; print(json.dumps([v(n) for n in sys.argv[1:]]))"
OURS = ("msgspec", "uvloop")


def describe_machine() -> dict[str, Any]:
    """Return processor, cores, memory and system, when this was, and the load before anything was measured."""
    return {
        "processor": _field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_gb": round(int(_field("/proc/meminfo", "MemTotal").split()[0]) / 1e6, 1),
        "system": platform.platform(),
        "load_before": round(os.getloadavg()[0], 2),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def describe_versions(environments: Environments, rabbitmq: str) -> dict[str, str]:
    """Return the versions of everything that takes part."""
    peers = json.loads(_output(str(environments.peers), "-c", _ASK, *PEERS))
    codec = json.loads(_output(str(environments.codec), "-c", _ASK, "orjson"))
    return {
        "python": platform.python_version(),
        "rabbitmq": rabbitmq,
        "asya": version("asya"),
        **{f"asya: {name}": version(name) for name in OURS},
        "orjson": codec[0],
        **dict(zip(PEERS, peers, strict=True)),
    }


def commit() -> str:
    """Return the commit that was measured, with `-dirty` where files differ from it; empty outside of a checkout."""
    try:
        return _output("git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*").strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _field(file: str, name: str) -> str:
    for line in Path(file).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
