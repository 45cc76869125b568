"""Write `requirements/*.txt`: every pinned package with its hashes, and no address of a package index.

One file for each extra (an image installs the files of its extras), one for the commands, one for development, the
small ones that prepare, build, and test the runtime, and those of the benchmark. Where they are used with development's
packages, they agree with `dev.txt`.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tools import prepare

OUTPUT = prepare.ROOT / "requirements"
OLDEST = "3.11"
OLDEST_FOR_RUNTIME = "3.9"
BENCH = ("bench", "bench-codec")
INPUTS_LINE = re.compile(r"^# inputs: (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Lock:
    """One file to write: its name, the requirements that it pins, and the oldest Python that it is for."""

    name: str
    requirements: tuple[str, ...]
    python: str = OLDEST
    agrees_with_dev: bool = True

    @property
    def inputs(self) -> str:
        """Return the fingerprint of what was asked for, which the file keeps in its header."""
        asked = json.dumps([sorted(self.requirements), self.python])
        return hashlib.sha256(asked.encode()).hexdigest()[:16]


def expand(project: str, requirements: list[str], extras: dict[str, list[str]]) -> tuple[str, ...]:
    """Replace a requirement on the project's own extras (`asya[nats]`) by what these extras require."""
    own = re.compile(rf"^{re.escape(project)}\[([\w, -]+)\]$")
    found: list[str] = []
    for requirement in requirements:
        match = own.match(requirement)
        names = [name.strip() for name in match[1].split(",")] if match else []
        found += [each for name in names for each in expand(project, extras[name], extras)] if match else [requirement]
    return tuple(dict.fromkeys(found))


def group(groups: dict[str, list[str | dict[str, str]]], name: str) -> list[str]:
    """Return the requirements of a dependency group, those of the groups that it includes among them."""
    return [
        requirement
        for entry in groups[name]
        for requirement in ([entry] if isinstance(entry, str) else group(groups, entry["include-group"]))
    ]


def plan(pyproject: str) -> list[Lock]:
    """Read the text of `pyproject.toml` and return the files to write; `dev` comes first, for others follow it."""
    document = tomllib.loads(pyproject)
    project, groups = document["project"], document["dependency-groups"]
    name, extras = project["name"], project["optional-dependencies"]
    commands = expand(name, project["dependencies"], extras)
    every_extra = expand(name, [requirement for extra in extras.values() for requirement in extra], extras)
    return [
        Lock("dev", tuple(dict.fromkeys([*commands, *every_extra, *group(groups, "dev")]))),
        Lock("cli", commands),
        *(Lock(extra, expand(name, wanted, extras)) for extra, wanted in extras.items()),
        Lock("bootstrap", tuple(group(groups, "bootstrap"))),
        Lock("build", tuple(group(groups, "build"))),
        Lock("runtime-test", tuple(group(groups, "runtime-test")), OLDEST_FOR_RUNTIME, agrees_with_dev=False),
        *(Lock(each, tuple(group(groups, each)), agrees_with_dev=False) for each in BENCH if each in groups),
    ]


def is_current(lock: Lock, text: str) -> bool:
    """Say whether the file's text was made for the requirements that the project names now."""
    match = INPUTS_LINE.search(text)
    return match is not None and match[1] == lock.inputs


def write(lock: Lock, uv: Path, env: dict[str, str], *, upgrade: bool) -> None:
    """Resolve one file for every platform and put it in place whole; pins that still fit stay, unless upgraded."""
    target, draft = OUTPUT / f"{lock.name}.txt", OUTPUT / f".{lock.name}.new"
    draft.write_text(target.read_text(encoding="utf-8") if target.exists() else "", encoding="utf-8")
    command = [str(uv), "pip", "compile", "-", "--output-file", str(draft), "--quiet", "--no-header", "--no-annotate"]
    command += ["--universal", "--generate-hashes", "--no-build"]
    command += ["--python", sys.executable, "--python-version", lock.python]
    if lock.agrees_with_dev and lock.name != "dev":
        command += ["--constraint", str(OUTPUT / "dev.txt")]
    if upgrade:
        command.append("--upgrade")
    try:
        subprocess.run(command, input="\n".join(lock.requirements), env=env, cwd=prepare.ROOT, text=True, check=True)
        header = f"# Made by `make lock` from pyproject.toml; do not edit.\n# inputs: {lock.inputs}\n"
        draft.write_text(header + draft.read_text(encoding="utf-8"), encoding="utf-8")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def check(locks: list[Lock]) -> list[str]:
    """Return a sentence for each file that is missing or was made for other requirements."""
    files = {lock.name: OUTPUT / f"{lock.name}.txt" for lock in locks}
    return [
        f"error: requirements/{lock.name}.txt does not fit pyproject.toml; its requirements changed; run `make lock`"
        for lock in locks
        if not files[lock.name].exists() or not is_current(lock, files[lock.name].read_text(encoding="utf-8"))
    ]


def main() -> int:
    """Write every file, or with --check say which ones are out of date; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.lock", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is out of date")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions instead of keeping pins")
    arguments = parser.parse_args()
    locks = plan((prepare.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    if arguments.check:
        problems = check(locks)
        print(*problems, sep="\n", end="\n" if problems else "")
        return 1 if problems else 0
    env = prepare.ask_pip(os.environ)
    for lock in locks:
        write(lock, prepare.BOOTSTRAP / "bin" / "uv", env, upgrade=arguments.upgrade)
        print(f"wrote requirements/{lock.name}.txt")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
