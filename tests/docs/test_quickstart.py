"""Pages for data scientists do what they say: files are written, commands run, outputs are what is shown."""

import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.steps import Command, File, matches, read_steps

ROOT = Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / "docs" / "quickstart" / "for-data-scientists.md"
BATCHES = ROOT / "docs" / "reference" / "batches.md"
EXAMPLE = ROOT / "examples" / "text-pipeline"
WITHIN = 120.0
SETTINGS = {
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "NO_COLOR": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # the reader has none of ours
}


def steps(page):
    return list(read_steps(page.read_text(encoding="utf-8")))


@pytest.mark.timeout(300)
@pytest.mark.needs("helm", "nats-server")
@pytest.mark.parametrize("page", [QUICKSTART, BATCHES], ids=lambda page: page.stem)
def test_every_command_of_a_page_does_what_is_shown(page, tmp_path):
    if page != QUICKSTART:  # its reader goes on in the quickstart's folder
        shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".asya", "batching"))
    try:
        for step in steps(page):
            if isinstance(step, File):
                write(step, tmp_path)
            else:
                try_out(step, tmp_path)
    finally:
        call(Command("asya local down --at-once", ""), tmp_path)


def write(file: File, folder: Path) -> None:
    path = folder / file.name
    path.parent.mkdir(exist_ok=True)
    path.write_text(file.content, encoding="utf-8")


def try_out(command: Command, folder: Path) -> None:
    code, printed = call(command, folder)
    told = f"$ {command.line}\n{printed}\nended with {code}; the page shows:\n{command.shown}"
    assert (code != 0) == command.fails, told
    assert matches(command.shown, printed), told


def call(command: Command, folder: Path) -> tuple[int, str]:
    """Run a command in a terminal, as the reader does, and return its exit code and what the terminal shows."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        ["sh", "-c", command.line],
        cwd=folder,
        stdin=follower,
        stdout=follower,
        stderr=subprocess.STDOUT,
        env=os.environ | SETTINGS,
    )
    os.close(follower)
    printed = b"".join(iter(lambda: read(leader), b""))
    os.close(leader)
    return process.wait(WITHIN), seen(printed.decode())


def read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # how Linux says that nobody holds the other side any more
        return b""


def seen(printed: str) -> str:
    """Return what is left on a terminal: a line that is cleared is gone, and bold letters are letters."""
    text = re.sub(r"\x1b\[(?:[0-9;]*m|\?25[hl])|\r", "", printed)
    text = re.sub(r"[^\n]*\n\x1b\[1A(?=\x1b\[2K)", "", text)  # up to the line before, to clear it
    return "\n".join(re.split(r"\x1b\[2?K", line)[-1] for line in text.split("\n"))


def test_the_pages_files_are_those_of_the_example():
    files = {
        step.name: step.content for page in (QUICKSTART, BATCHES) for step in steps(page) if isinstance(step, File)
    }
    own = {name: content for name, content in files.items() if not name.startswith("test_")}
    assert own == {
        str(path.relative_to(EXAMPLE)): path.read_text(encoding="utf-8")
        for path in sorted(EXAMPLE.rglob("*"))
        if path.suffix in (".py", ".yaml", ".json") or path.name == "Dockerfile"
        if ".asya" not in path.parts
    }
