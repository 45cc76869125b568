"""Pin programs that are built from Go modules: writes `tools/go/<name>/go.mod`, and `go mod tidy` its hashes.

A module's replace lines do not apply to who requires it, so they are carried over. Kubernetes' staging modules, which
it replaces by its own folders, are published beside it as v0.<minor>.<patch>.

Usage: python -m tools.go_pins NAME MODULE VERSION PACKAGE...
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools import go_tools

_KUBERNETES = "k8s.io/kubernetes"
_BLOCK = re.compile(r"^replace\s*\((.*?)^\)", re.DOTALL | re.MULTILINE)
_SINGLE = re.compile(r"^replace\s+(?!\()(.*)$", re.MULTILINE)
_STAGING = re.compile(r"^\s*(k8s\.io/\S+) v0\.0\.0$", re.MULTILINE)
_GO = re.compile(r"^go .*$", re.MULTILINE)


def go_mod(name: str, module: str, version: str, packages: Sequence[str], theirs: str) -> str:
    """Return the text of a go.mod that builds `packages` of a module, whose own go.mod is `theirs`. Pure."""
    go = _GO.search(theirs)
    lines = [f"module asya.tools/{name}", "", go[0] if go else "go 1.26.0", ""]
    lines += [f"tool {package}" for package in packages]
    lines += ["", f"require {module} {version}", "", "replace ("]
    lines += [f"\t{line}" for line in replacements(module, version, theirs)]
    return "\n".join([*lines, ")", ""])


def replacements(module: str, version: str, theirs: str) -> Iterator[str]:
    """Yield the replace lines that apply to us, too: not those that name a folder, which the module's zip lacks."""
    if module == _KUBERNETES:
        patch = version.split(".", 1)[1]
        yield from (f"{each} => {each} v0.{patch}" for each in sorted(set(_STAGING.findall(theirs))))
        return
    inside = [line for block in _BLOCK.findall(theirs) for line in block.splitlines()]
    for line in map(str.strip, [*inside, *_SINGLE.findall(theirs)]):
        if line and not line.startswith("//") and "=> ./" not in line:
            yield line


def main(arguments: Sequence[str]) -> int:
    """Write go.mod and go.sum of one program; return the exit code of `go mod tidy`."""
    name, module, version, *packages = arguments
    environment = {**go_tools.environment(), "GOFLAGS": "-modcacherw -mod=mod"}
    download = ["go", "mod", "download", "-json", f"{module}@{version}"]
    found = json.loads(subprocess.run(download, env=environment, capture_output=True, check=True).stdout)
    folder = go_tools.SOURCES / name
    folder.mkdir(parents=True, exist_ok=True)
    theirs = Path(found["GoMod"]).read_text(encoding="utf-8")
    (folder / "go.mod").write_text(go_mod(name, module, version, packages, theirs), encoding="utf-8")
    return subprocess.run(["go", "mod", "tidy"], cwd=folder, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
