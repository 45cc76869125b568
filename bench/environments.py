"""The interpreters of a run: one with the peers, one for a plain user's image, one for an image with orjson.

All three are made of the same Python as our own environment.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tools import prepare

FOLDER = prepare.CACHE / "bench"
REQUIREMENTS = prepare.ROOT / "requirements"


@dataclass(frozen=True, slots=True)
class Environments:
    """Interpreters: `peers` has the four frameworks, `plain` nothing, `codec` orjson alone."""

    peers: Path
    plain: Path
    codec: Path

    @property
    def codec_packages(self) -> Path:
        """The folder whose name on PYTHONPATH gives any interpreter orjson."""
        return next(self.codec.parent.parent.glob("lib/python*/site-packages"))


def prepare_environments() -> Environments:
    """Make them, once for each change of their pins. Raises PreparationError where a package can't be had."""
    base = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    prepare.make_bootstrap(base)
    env = prepare.ask_pip(base)
    return Environments(
        peers=_environment("peers", REQUIREMENTS / "bench.txt", env),
        plain=_environment("plain", None, env),
        codec=_environment("codec", REQUIREMENTS / "bench-codec.txt", env),
    )


def _environment(name: str, pins: Path | None, env: dict[str, str]) -> Path:
    folder, uv = FOLDER / name, prepare.BOOTSTRAP / "bin" / "uv"
    python = folder / "bin" / "python"
    wanted = prepare.fingerprint([] if pins is None else [pins], python=sys.executable)
    if not prepare.is_ready(folder, wanted):
        prepare.run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder, env=env)
        with prepare.building(folder, wanted):
            if pins is not None:
                options = ("--quiet", "--require-hashes", "--no-build", "--python", python)
                prepare.run(uv, "pip", "sync", *options, pins, env=env)
    return python
