"""Run Helm on this repository's charts."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from tools.needs import PROGRAMS, find
from tools.outputs import ROOT, GenerateError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
KUBE_VERSION = "1.34.0"
"""What charts are rendered for wherever the result is compared with a file."""


def render(chart: str, release: str, *arguments: str, program: Path | None = None) -> list[dict[str, Any]]:
    """Return the objects that `helm template` gives for charts/`chart`, by our Helm unless another `program` is given.

    Raises GenerateError with Helm's message.
    """
    helm = program or find("helm")
    if helm is None:
        raise GenerateError(f"helm is neither beside Python nor on PATH; {PROGRAMS['helm'].remedy}")
    options = ["--kube-version", KUBE_VERSION, "--namespace", "asya", *arguments]
    command = [str(helm), "template", release, f"charts/{chart}", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise GenerateError(f"charts/{chart} can't be rendered: {done.stderr.strip()}")
    return [each for each in yaml.load_all(done.stdout, Loader=LOADER) if each]
