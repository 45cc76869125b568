"""Hold the repository to its budgets: sizes, forbidden words, and no file that names a machine or a package index."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
MODULE_LINES, FUNCTION_LINES = 300, 50
# The first pattern that fits a path, relative to the root, decides; `*` stands for folders, too.
LINES = (
    ("flavors/golden/*", None),
    ("README.md", 150),
    ("CONTRIBUTING.md", 150),
    ("Makefile", 150),
    ("make/*.mk", 150),
    ("charts/*/templates/*.tpl", 120),
    ("charts/*/templates/*.yaml", 150),
    ("charts/*/values.yaml", 450),
    ("charts/*/ci/*.yaml", 60),
    ("flavors/*.yaml", 40),
)
FORBIDDEN_FILES = {"uv.lock", "poetry.lock", "Pipfile.lock", "package-lock.json", "yarn.lock"}
# Written in pieces, so that this file does not break its own rule.
FORBIDDEN_WORDS = {
    "TO" + "DO": "finish it or leave it out",
    "FIX" + "ME": "finish it or leave it out",
    "type:" + " ignore": "write it so that the type checker agrees",
    "no" + "qa": "write it so that the linter agrees",
    "pragma: " + "no cover": "test it or take it out",
}
FORBIDDEN_NAMES = {
    "/wo" + "rk/": "a folder of one machine",
    "/ro" + "ot/": "a folder of one machine",
    "pypi" + ".org": "a package index",
    "python" + "hosted.org": "a package index",
    "proxy." + "golang.org": "a package index",
    "registry." + "npmjs.org": "a package index",
    "deb." + "debian.org": "a package index",
}
WORDS = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in FORBIDDEN_WORDS))
NAMES = re.compile("|".join(re.escape(name) for name in FORBIDDEN_NAMES))


def tracked(root: Path) -> list[str]:
    """Return the files that git tracks or would track, relative to `root`; those just deleted are left out."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted({name for name in names if name and (root / name).is_file()})


def limit(path: str) -> int | None:
    """Return how many lines a file may have, None for any number."""
    pure = PurePosixPath(path)
    if pure.suffix == ".py":
        return MODULE_LINES
    return next((lines for pattern, lines in LINES if fnmatch(path, pattern)), None)


def check_size(path: str, text: str) -> Iterator[str]:
    """Yield a sentence if the file is longer than its budget."""
    length, most = len(text.splitlines()), limit(path)
    if most is not None and length > most:
        yield f"{path}: {length} lines, at most {most} are allowed; split it"


def check_functions(path: str, text: str) -> Iterator[str]:
    """Yield a sentence for each function of a Python module that is over the budget."""
    for node in ast.walk(ast.parse(text, filename=path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines, at most {FUNCTION_LINES} are allowed"


def check_words(path: str, text: str) -> Iterator[str]:
    """Yield a sentence for each forbidden word, and for each name of a machine's folder or of a package index."""
    for number, line in enumerate(text.splitlines(), start=1):
        for match in WORDS.finditer(line):
            yield f"{path}:{number}: {match[0]!r} is forbidden; {FORBIDDEN_WORDS[match[0]]}"
        for match in NAMES.finditer(line):
            yield f"{path}:{number}: it names {FORBIDDEN_NAMES[match[0]]} ({match[0]}); take the name out"


def check_file(root: Path, path: str) -> Iterator[str]:
    """Yield every broken rule of one file; a binary file has only its name looked at."""
    if PurePosixPath(path).name in FORBIDDEN_FILES:
        yield f"{path}: a lock file that names a package index; requirements/*.txt hold the pins"
        return
    try:
        text = (root / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    yield from check_size(path, text)
    yield from check_words(path, text)
    if path.endswith(".py"):
        yield from check_functions(path, text)


def main() -> int:
    """Print every broken rule of the repository and return 1 if there is one."""
    files = tracked(ROOT)
    problems = [problem for path in files for problem in check_file(ROOT, path)]
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if not problems:
        print(f"budgets: {len(files)} files keep to them")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
