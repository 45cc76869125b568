"""How RabbitMQ is found, or got, on a machine that has a PATH of the test's own."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from asya_cli.errors import CliError
from asya_cli.local.brokers import rabbitmq_programs
from asya_cli.local.brokers.rabbitmq_programs import Programs, find_programs, need_programs

REMEDY = "install it (on Debian: apt-get install rabbitmq-server), or give a server in ASYA_LOCAL_RABBITMQ_URL"
APT = """#!/bin/sh
echo "$@" >>"{log}"
[ "$1" = install ] || exit 0
{install}
"""


class Machine:
    """A folder that is all of PATH, and what is told about it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bin"
        self.path.mkdir()
        self.packaged = folder / "packaged"
        self.packaged.mkdir()
        self.asked_of_apt = folder / "apt.log"
        self.said: list[str] = []

    def program(self, name: str, content: str = "#!/bin/sh\n") -> Path:
        """Put a program on PATH."""
        return make_program(self.path / name, content)

    def apt(self, install: str) -> None:
        """Put an apt-get on PATH whose `install` does this."""
        self.program("apt-get", APT.format(log=self.asked_of_apt, install=install))


def make_program(file: Path, content: str = "#!/bin/sh\n") -> Path:
    file.write_text(content)
    file.chmod(0o755)
    return file


@pytest.fixture
def machine(tmp_path, monkeypatch):
    machine = Machine(tmp_path)
    monkeypatch.setenv("PATH", str(machine.path))
    monkeypatch.setattr(rabbitmq_programs, "PACKAGED", machine.packaged)
    monkeypatch.setattr(rabbitmq_programs, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.delenv("ASYA_NO_APT", raising=False)
    return machine


def test_a_server_on_path_is_found_where_its_link_leads(machine, tmp_path):
    (tmp_path / "real").mkdir()
    server = make_program(tmp_path / "real" / "rabbitmq-server")
    (machine.path / "rabbitmq-server").symlink_to(server)
    epmd = machine.program("epmd")
    assert need_programs(machine.said.append) == Programs(server, epmd)
    assert machine.said == []


def test_the_packages_own_folder_is_taken_first(machine):
    """Its programs on PATH change to another user, who may not read what a run has written."""
    machine.program("rabbitmq-server")
    epmd = machine.program("epmd")
    server = make_program(machine.packaged / "rabbitmq-server")
    assert find_programs() == Programs(server, epmd)


def test_a_server_without_erlang_is_told(machine):
    machine.program("rabbitmq-server")
    with pytest.raises(CliError, match=r"can't find epmd; RabbitMQ is in .*, but Erlang's programs are not on PATH"):
        find_programs()


def test_root_on_debian_gets_the_package_and_is_told_before(machine):
    machine.program("epmd")
    server = machine.packaged / "rabbitmq-server"
    machine.apt(f': >"{server}"')
    assert need_programs(machine.said.append).server == server
    (sentence,) = machine.said
    assert "installing Debian's package rabbitmq-server (ASYA_NO_APT=1 declines)" in sentence
    assert machine.asked_of_apt.read_text().splitlines() == [
        "update",
        "install -y --no-install-recommends rabbitmq-server",
    ]


def test_two_who_look_at_once_install_once(machine):
    machine.program("epmd")
    server = machine.packaged / "rabbitmq-server"
    machine.apt(f': >"{server}"')
    with ThreadPoolExecutor(2) as both:
        found = list(both.map(need_programs, [machine.said.append] * 2))
    assert [each.server for each in found] == [server] * 2
    assert len(machine.said) == 1


def test_who_declines_gets_nothing(machine, monkeypatch):
    monkeypatch.setenv("ASYA_NO_APT", "1")
    machine.apt("exit 0")
    with pytest.raises(CliError) as refused:
        need_programs(machine.said.append)
    assert "ASYA_NO_APT=1 forbids asya that" in str(refused.value)
    assert str(refused.value).endswith(REMEDY)
    assert (machine.said, machine.asked_of_apt.exists()) == ([], False)


def test_who_is_not_root_is_told_what_to_do(machine, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    machine.apt("exit 0")
    with pytest.raises(CliError) as refused:
        need_programs(machine.said.append)
    assert str(refused.value) == f"can't find rabbitmq-server; it is not on PATH; {REMEDY}"
    assert (machine.said, machine.asked_of_apt.exists()) == ([], False)


def test_without_apt_the_remedy_is_the_same(machine):
    with pytest.raises(CliError, match="can't find rabbitmq-server; it is not on PATH"):
        need_programs(machine.said.append)


def test_an_installation_that_fails_is_told_in_the_words_of_apt(machine):
    machine.apt("echo 'E: Unable to locate package rabbitmq-server' >&2; exit 100")
    with pytest.raises(CliError, match=r"`apt-get install .*` failed") as refused:
        need_programs(machine.said.append)
    assert refused.value.detail == "E: Unable to locate package rabbitmq-server\n"


def test_an_installation_that_brings_no_server_is_told(machine):
    machine.apt("exit 0")
    with pytest.raises(CliError, match="its package is installed, but not in"):
        need_programs(machine.said.append)
