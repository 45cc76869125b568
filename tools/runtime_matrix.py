"""Run the runtime's tests on every Python of this machine from 3.9 on, each in an environment of its own.

With `--oldest-and-newest` on two of them: what differs between versions shows at the ends first.

The runtime lives in the users' images, so it must work on their Pythons and not only on the one of development.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools import prepare

VERSIONS = [(3, minor) for minor in range(9, 15)]
REQUIREMENTS = prepare.ROOT / "requirements" / "runtime-test.txt"
NOTHING_SELECTED = 5
# The tests wait more than they compute, so a machine of two cores runs three of them side by side.
AT_ONCE = 3
SHORT = "--oldest-and-newest"
NAME = re.compile(r"python3(\.\d+)?$")
ASK = "import sys, venv; print(*sys.version_info[:2], sys.executable, sep='\\n')"


def name(version: tuple[int, int]) -> str:
    """Return what a version is called in sentences."""
    return f"Python {version[0]}.{version[1]}"


def folders(environment: Mapping[str, str]) -> list[Path]:
    """Return where interpreters may lie: PATH, and the versions that stand behind pyenv's shims on it."""
    on_path = [Path(entry) for entry in environment.get("PATH", "").split(os.pathsep) if entry]
    shims = [entry.parent for entry in on_path if entry.name == "shims"]
    return [*on_path, *(folder for root in shims for folder in sorted(root.glob("versions/*/bin")))]


def ask(candidate: Path) -> tuple[tuple[int, int], Path] | None:
    """Return the version of an interpreter and its path; None when it does not run or can't make environments."""
    try:
        answer = subprocess.run([candidate, "-c", ASK], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor, path = answer.stdout.splitlines()
    return (int(major), int(minor)), Path(path)


def interpreters(places: Iterable[Path]) -> dict[tuple[int, int], Path]:
    """Return the first interpreter found of each version."""
    found: dict[tuple[int, int], Path] = {}
    for place in places:
        names = sorted(place.iterdir()) if place.is_dir() else []
        for candidate in (each for each in names if NAME.match(each.name) and os.access(each, os.X_OK)):
            if answer := ask(candidate):
                found.setdefault(*answer)
    return found


def prepare_environment(version: tuple[int, int], python: Path, env: Mapping[str, str]) -> Path:
    """Make the environment of one version, once, and return its interpreter."""
    folder = prepare.CACHE / f"runtime-{version[0]}.{version[1]}"
    wanted = prepare.fingerprint([REQUIREMENTS], python=str(python))
    if not prepare.is_ready(folder, wanted):
        uv = prepare.BOOTSTRAP / "bin" / "uv"
        prepare.run(uv, "venv", "--quiet", "--clear", "--python", python, folder, env=env)
        with prepare.building(folder, wanted):
            options = ("--quiet", "--require-hashes", "--no-build", "--python", folder / "bin" / "python")
            prepare.run(uv, "pip", "sync", *options, REQUIREMENTS, env=env)
    return folder / "bin" / "python"


def run_tests(python: Path, arguments: list[str]) -> tuple[bool, str]:
    """Run the runtime's tests with that interpreter; return whether none failed, and what pytest said."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("ASYA_", "PYTHONPATH"))}
    env["PYTHONPATH"] = str(prepare.ROOT / "images" / "runtime")
    shared = ("-n", str(AT_ONCE), "--dist", "loadfile")
    command = [str(python), "-m", "pytest", "images/runtime", "-q", "-p", "no:cacheprovider", *shared, *arguments]
    done = subprocess.run(
        command, cwd=prepare.ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode == 0 or (bool(arguments) and done.returncode == NOTHING_SELECTED), done.stdout


def chosen(found: Iterable[tuple[int, int]], *, short: bool) -> list[tuple[int, int]]:
    """Return the versions to test on, in order: all that were found, or the oldest and the newest of them."""
    versions = sorted(set(found) & set(VERSIONS))
    return sorted({versions[0], versions[-1]}) if short and versions else versions


def main() -> int:
    """Test on the versions found, then name those that failed and those that are not here."""
    arguments = [each for each in sys.argv[1:] if each != SHORT]
    env = prepare.ask_pip(os.environ)
    found = interpreters(folders(os.environ))
    failed = []
    for version in chosen(found, short=SHORT in sys.argv):
        print(f"the runtime's tests on {name(version)} ({found[version]})", flush=True)
        passed, words = run_tests(prepare_environment(version, found[version], env), arguments)
        print(words, flush=True)
        failed += [] if passed else [version]
    for version in (each for each in VERSIONS if each not in found):
        print(
            f"not run here: the runtime's tests on {name(version)}: it is not on PATH; remedy: install {name(version)}"
        )
    for version in failed:
        print(f"error: the runtime's tests failed on {name(version)}")
    return 1 if failed or not found else 0


if __name__ == "__main__":
    raise SystemExit(main())
