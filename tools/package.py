"""Make a chart repository out of the charts: packages, index.yaml, and flavors and values beside them.

What is written is a folder of plain files; any web server serves it to `helm repo add`. Nothing is signed unless Helm
is told to by its own options, as in `--sign --key …`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from tools.changelog import annotation
from tools.needs import PROGRAMS, find
from tools.outputs import ROOT
from tools.versions import strange, version

TARGET = ROOT / "dist" / "charts"
BESIDE = ("flavors", "values")


class PackageError(Exception):
    """The charts can't be packaged; the text says what, why, and what to do."""


def package(target: Path, *, url: str = "", options: Sequence[str] = ()) -> list[Path]:
    """Make the repository in `target`, whose former content goes, and return the packages.

    `url` is where it will be served; empty: addresses in the index are relative to it. `options` go to `helm package`.
    Raises PackageError where Helm is missing or fails, or where the charts' versions differ.
    """
    if problems := strange(ROOT, version()):
        raise PackageError(f"{problems[0]}; run python -m tools.versions {version()}")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        for chart in sorted(file.parent for file in (ROOT / "charts").glob("*/Chart.yaml")):
            _helm("package", str(_staged(chart, Path(scratch), url)), "--destination", str(target), *options)
    _helm("repo", "index", str(target), *(["--url", url] if url else []))
    for name in BESIDE:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("README.md"))
    return sorted(target.glob("*.tgz"))


def _staged(chart: Path, scratch: Path, home: str) -> Path:
    """Copy a chart, links resolved, with the license, what is new in this version as an annotation, and its home."""
    copy = scratch / chart.name
    shutil.copytree(chart, copy)
    shutil.copy(ROOT / "LICENSE", copy)
    about = yaml.safe_load((copy / "Chart.yaml").read_text(encoding="utf-8"))
    changes = annotation((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), str(about["version"]))
    if changes:
        about.setdefault("annotations", {})["artifacthub.io/changes"] = changes
    if home:
        about["home"] = home
    (copy / "Chart.yaml").write_text(yaml.safe_dump(about, sort_keys=False, width=1000), encoding="utf-8")
    return copy


def _helm(*arguments: str) -> None:
    helm = find("helm")
    if helm is None:
        raise PackageError(f"helm is neither beside Python nor on PATH; {PROGRAMS['helm'].remedy}")
    done = subprocess.run([helm, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PackageError(f"helm {' '.join(arguments)} failed: {done.stderr.strip()}")


def main(argv: list[str] | None = None) -> int:
    """Make the repository and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=Path, default=TARGET, help="folder of the repository; its former content goes")
    parser.add_argument("--url", default="", help="where it will be served; without it, addresses are relative")
    known, options = parser.parse_known_args(argv)
    try:
        packages = package(known.target, url=known.url, options=options)
    except PackageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{known.target}: index.yaml, {', '.join(path.name for path in packages)}, {', '.join(BESIDE)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
