"""Where the local run of a folder keeps large payloads, and the markers of what was cancelled."""

from __future__ import annotations

from pathlib import Path

from asya_cli.errors import CliError
from asya_cli.local.running import STATE_DIR
from asya_cli.local.state import Folder


def payloads_url(directory: Path) -> str:
    """Return the store's URL. Raises CliError where no local run has been."""
    folder = Folder(directory.resolve() / STATE_DIR)
    if not folder.payloads.is_dir():
        raise CliError(f"no local run has been here ({folder.path} has no payloads); name a store with --store")
    return folder.payloads.as_uri()
