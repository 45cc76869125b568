"""One version for everything: `python -m tools.versions 0.2.0` writes it wherever it stands; without one, checks it.

It stands in pyproject.toml, in each chart's version and appVersion, in the charts' dependencies on each other, in the
tags of our images wherever a page or a comment names them, and in the examples for Argo CD.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import yaml

from tools.outputs import ROOT

SEMANTIC = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?")
_PROJECT = re.compile(r'^(version = ")([^"]+)(")$', re.MULTILINE)
_CHART = re.compile(r"^( *(?:appVersion|version): *)(\S+)()$", re.MULTILINE)
_IMAGE = re.compile(r"(asya-(?:sidecar|runtime|crew|\$image):)([0-9][0-9A-Za-z.-]*[0-9A-Za-z])()")
_REVISION = re.compile(r"(targetRevision: )([0-9][0-9A-Za-z.-]*[0-9A-Za-z])()")
_PAGES = (
    "README.md",
    "docs/**/*.md",
    "charts/*/README.md",
    "charts/*/values.yaml",
    "charts/*/values.schema.json",
    "images/*/README.md",
    "images/*/Dockerfile",
)
_DIGEST = re.compile(r"^digest: \S+$", re.MULTILINE)


def version(root: Path = ROOT) -> str:
    """Return the version that pyproject.toml says."""
    found: str = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return found


def places(root: Path) -> Iterator[tuple[Path, re.Pattern[str]]]:
    """Yield the files that hold the version, and how it stands in each."""
    yield root / "pyproject.toml", _PROJECT
    for chart in sorted((root / "charts").glob("*/Chart.yaml")):
        yield chart, _CHART
        if (lock := chart.with_name("Chart.lock")).is_file():
            yield lock, _CHART
    for page in sorted({page for pattern in _PAGES for page in root.glob(pattern)}):
        yield page, _IMAGE
    for example in sorted((root / "examples" / "argocd").rglob("*.yaml")):
        yield example, _REVISION


def strange(root: Path, wanted: str) -> list[str]:
    """Return a sentence for each place that has another version."""
    return [
        f"{path.relative_to(root)}: {found[2]} is not {wanted}"
        for path, pattern in places(root)
        for found in pattern.finditer(path.read_text(encoding="utf-8"))
        if found[2] != wanted
    ]


def write(root: Path, wanted: str) -> list[Path]:
    """Write the version into every place and return the files that changed."""
    changed = []
    for path, pattern in places(root):
        before = path.read_text(encoding="utf-8")
        after = pattern.sub(rf"\g<1>{wanted}\g<3>", before)
        if path.name == "Chart.lock":
            after = _DIGEST.sub(f"digest: sha256:{_digest(after)}", after)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path)
    return changed


def _digest(lock: str) -> str:
    """Return what Helm compares a lock file by: a hash over what is required and what is locked, here the same."""
    fields = [
        {name: each[name] for name in ("name", "version", "repository")}
        for each in yaml.safe_load(lock)["dependencies"]
    ]
    return hashlib.sha256(json.dumps([fields, fields], separators=(",", ":")).encode()).hexdigest()


def main(argv: list[str] | None = None, root: Path = ROOT) -> int:
    """Write the version that is given, or fail where one place differs from pyproject.toml."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", nargs="?", help="the new version; without it, nothing is written")
    wanted = parser.parse_args(argv).version
    if wanted is None:
        problems = strange(root, version(root))
        for problem in problems:
            print(f"error: {problem}; run python -m tools.versions {version(root)}", file=sys.stderr)
        return 1 if problems else 0
    if not SEMANTIC.fullmatch(wanted):
        print(f"error: {wanted!r} is no semantic version; write it like 0.2.0", file=sys.stderr)
        return 1
    for path in write(root, wanted):
        print(f"wrote {path.relative_to(root)}")
    print("now: make generate, and give the changes their section in CHANGELOG.md")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
