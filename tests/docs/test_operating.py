"""The pages on operating do what they say, and the list of commands is whole."""

import re
from pathlib import Path

import click
import pytest

from asya_cli.commands.root import command
from tests.docs.steps import Command, File, read_steps
from tests.docs.test_quickstart import call, try_out, write

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted((DOCS / "operating").glob("*.md"))


@pytest.mark.timeout(300)
@pytest.mark.needs("helm", "nats-server")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_page_does_what_is_shown(page, tmp_path):
    try:
        for step in read_steps(page.read_text(encoding="utf-8")):
            if isinstance(step, File):
                write(step, tmp_path)
            else:
                try_out(step, tmp_path)
    finally:
        call(Command("asya local down --at-once", ""), tmp_path)


def test_every_command_is_listed_once():
    listed = re.findall(r"^\| `(asya [^`]+)` \|", (DOCS / "reference" / "commands.md").read_text(), re.MULTILINE)
    assert listed == list(leaves(command, "asya"))


def test_every_option_that_a_page_names_is_one():
    named = {option for page in PAGES for option in re.findall(r"`(--[a-z-]+)", page.read_text(encoding="utf-8"))}
    known = {option for each in every(command) for parameter in each.params for option in parameter.opts}
    assert named <= known


def leaves(group, name):
    context = click.Context(group)
    for member in group.list_commands(context):
        found = group.get_command(context, member)
        if isinstance(found, click.Group):
            yield from leaves(found, f"{name} {member}")
        else:
            yield f"{name} {member}"


def every(group):
    context = click.Context(group)
    for member in group.list_commands(context):
        found = group.get_command(context, member)
        yield found
        if isinstance(found, click.Group):
            yield from every(found)
