"""Checking values files with a chart, as Helm renders it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from asya_cli.convert.conversion import named_flavors
from asya_cli.errors import CliError, MisuseError
from asya_cli.lint.findings import Problem, read_refusal
from asya_cli.lint.forms import misformed
from asya_cli.lint.positions import compose, line_of, twice
from asya_cli.local.programs import find_program

_TIME_LIMIT = 60.0
_RELEASE = re.compile(r"[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?")
_UNNAMED = "my-actor"  # the release of a file whose name can't be one


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake: its file, its line (from 1, None where the file does not have the key), and a sentence."""

    file: Path
    line: int | None
    sentence: str

    def __str__(self) -> str:
        """Return it as compilers write it."""
        return f"{self.file}:{self.line}: {self.sentence}" if self.line else f"{self.file}: {self.sentence}"


def values_files(given: Sequence[str]) -> list[Path]:
    """Return the files that the command line names; a folder stands for the YAML files in it.

    Raises MisuseError for a path that is neither, and for a folder without such files.
    """
    files: list[Path] = []
    for each in map(Path, given):
        inside = (
            sorted(file for file in each.iterdir() if file.suffix in (".yaml", ".yml")) if each.is_dir() else [each]
        )
        if not inside:
            raise MisuseError(f"{each} holds no values file; each actor is one file <name>.yaml in it; check the path")
        if missing := next((file for file in inside if not file.is_file()), None):
            raise MisuseError(f"can't read {missing}; there is no such file; check the path")
        files += inside
    return files


def lint_files(
    files: Sequence[Path], chart: Path, before: Sequence[Path], flavor: Callable[[str], Path | None] | None = None
) -> list[Finding]:
    """Check each file by itself, over the files `before` it; in the order of `files`.

    `flavor`, where it is given, finds the file of a flavor that a file names, which then stands before it, too; one
    that it does not find is left to the chart, which refuses it.
    """

    def lint(file: Path) -> list[Finding]:
        own = [flavor(name) for name in _flavors(file)] if flavor else []
        return lint_file(file, chart, [*before, *(each for each in own if each)])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [finding for found in pool.map(lint, files) for finding in found]


def lint_file(file: Path, chart: Path, before: Sequence[Path]) -> list[Finding]:
    """Return what the chart has against a values file that follows the files `before` it.

    Raises CliError where Helm is missing or does not answer.
    """
    nodes: dict[Path, yaml.Node | None] = {}
    for each in (file, *reversed(before)):
        try:
            documents = compose(each.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            return [_unreadable(each, error)]
        if wrong := misformed(documents):
            return [Finding(each, *wrong)]
        nodes[each] = documents[0] if documents else None
    doubled = [Finding(file, line, f"{path}: the key is there twice; remove one") for path, line in twice(nodes[file])]
    found = doubled + [_placed(problem, file, nodes) for problem in _problems(file, chart, before)]
    return sorted(found, key=lambda finding: (finding.file != file, str(finding.file), finding.line or 0))


def _flavors(file: Path) -> list[str]:
    """Return the flavors that a values file names; nothing for a file that can't be read, which is found out later."""
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return []
    return named_flavors(values) if isinstance(values, dict) else []


def _unreadable(file: Path, error: Exception) -> Finding:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    what = error.problem if isinstance(error, yaml.MarkedYAMLError) and error.problem else str(error)
    return Finding(file, mark.line + 1 if mark else None, f"this is no YAML ({what}); correct it")


def _problems(file: Path, chart: Path, before: Sequence[Path]) -> list[Problem]:
    release = file.stem if _RELEASE.fullmatch(file.stem) else _UNNAMED
    command = [str(find_program("helm")), "template", release, str(chart)]
    for each in (*before, file):
        command += ["--values", str(each)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIME_LIMIT)
    except subprocess.TimeoutExpired:
        raise CliError(f"helm did not render {file} in {_TIME_LIMIT:.0f} s; try again") from None
    return read_refusal(done.stderr, _schema(chart)) if done.returncode else []


def _schema(chart: Path) -> dict[str, Any]:
    file = chart / "values.schema.json"
    if not file.is_file():
        return {}
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


def _placed(problem: Problem, file: Path, nodes: dict[Path, yaml.Node | None]) -> Finding:
    """Say in which file the value stands: the one that was asked about, or the last of those before it."""
    if not problem.path:
        return Finding(file, None, problem.sentence)
    sentence, path = f"{problem.path}: {problem.sentence}", problem.path.partition(",")[0]
    for each, node in nodes.items():
        if line := line_of(node, path):
            emptied = f"{path}: empty; remove the key, or give it something"
            return Finding(each, line, emptied if problem.is_missing else sentence)
    return Finding(file, line_of(nodes[file], path, nearest=True), sentence)
