"""The Secret that lets the actors of a local run into SQS."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

MOUNTED = "asya-local-sqs"
"""Name of the Secret."""


def write_secret(run: Path, credentials: Mapping[str, str]) -> Path:
    """Write the credentials, for this user alone, where the run in the folder `run` looks for Secrets; return where."""
    folder = run / "secrets" / MOUNTED
    shutil.rmtree(folder, ignore_errors=True)  # what was there may have had a token, which would not fit these keys
    folder.mkdir(parents=True)
    for name, value in credentials.items():
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(value, encoding="utf-8")
    return folder
