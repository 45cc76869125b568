"""What a chart makes of an actor's values, as Helm renders it: no copy of the chart's logic is kept here."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from asya_cli.errors import CliError
from asya_cli.local.programs import find_program
from asya_cli.local.violations import read_violations

NAMESPACE = "local"
"""Namespace that the objects are rendered for."""

_TIME_LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class Release:
    """One `helm template`: the release's name, its chart, and values from the weakest to the strongest.

    `values` are files, or mappings; `sets` and `set_strings` are written as for `--set` and `--set-string`.
    """

    name: str
    chart: Path
    values: Sequence[Path | Mapping[str, Any]] = ()
    sets: Sequence[str] = ()
    set_strings: Sequence[str] = ()


def render(release: Release, scratch: Path) -> list[dict[str, Any]]:
    """Return the objects that `helm template` prints for the release, hooks included.

    Mappings among its values are written into the folder `scratch` first.
    Raises CliError with Helm's own words when it refuses.
    """
    command = _command(release, [_as_file(release, index, scratch) for index in range(len(release.values))])
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIME_LIMIT)
    except subprocess.TimeoutExpired:
        raise CliError(f"helm did not render {release.name!r} in {_TIME_LIMIT:.0f} s; try again") from None
    if done.returncode != 0:
        raise _refusal(release, done.stderr)
    return [document for document in yaml.load_all(done.stdout, Loader=_LOADER) if document]


def _command(release: Release, files: Sequence[Path]) -> list[str]:
    command = [str(find_program("helm")), "template", release.name, str(release.chart), "--namespace", NAMESPACE]
    for file in files:
        command += ["--values", str(file)]
    for each in release.sets:
        command += ["--set", each]
    for each in release.set_strings:
        command += ["--set-string", each]
    return command


def _as_file(release: Release, index: int, scratch: Path) -> Path:
    values = release.values[index]
    if isinstance(values, Path):
        return values
    file = scratch / f"{release.name}.{index}.json"  # JSON is YAML
    file.write_text(json.dumps(values), encoding="utf-8")
    return file


def _refusal(release: Release, stderr: str) -> CliError:
    """Return the error of a chart that refused: the sentence about a key that is misspelt first, the others above."""
    schema = release.chart / "values.schema.json"
    if schema.is_file() and (read := read_violations(stderr, json.loads(schema.read_text(encoding="utf-8")))):
        sentence = f"the chart refuses {release.name!r}; {read.sentence}; change its values and try again"
        return CliError(sentence, detail="\n".join(f"  {line}" for line in read.others))
    return CliError(f"the chart refuses {release.name!r}; {_reason(stderr)}; change its values and try again")


def _reason(stderr: str) -> str:
    """Return what a guard or the schema says, without Helm's chain of template positions before it."""
    lines = [line.strip() for line in stderr.splitlines()]
    words = " ".join(line for line in lines if line and not line.startswith(("WARNING", "Use --debug")))
    for mark in ("ERROR: ", "Error: "):
        before, found, after = words.rpartition(mark)
        if found:
            return after.rstrip(" .;")
        words = before or words
    return words


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
