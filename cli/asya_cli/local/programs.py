"""Finding the programs that we start but did not write: helm and nats-server."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from asya_cli.errors import CliError


def find_program(name: str, *, beside: str = sys.executable, path: str | None = None) -> Path:
    """Return a program's path: from beside this Python, where its wheel puts it, else from PATH.

    Raises CliError with the remedy when it is in neither place.
    """
    # Not resolved: the interpreter of an environment is a link, and its programs lie beside the link.
    installed = Path(beside).with_name(name)
    if installed.is_file():
        return installed
    if found := shutil.which(name, path=path):
        return Path(found)
    raise CliError(
        f"can't find {name}; it is neither beside {beside} nor on PATH; install it and try again "
        "(on Linux x86-64 it comes with asya)"
    )
