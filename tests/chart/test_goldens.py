"""What is generated is what was committed."""

from __future__ import annotations

import pytest

from tools.generate import MAKERS
from tools.outputs import run


@pytest.mark.needs("helm")
@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__module__)
def test_generated_files_are_up_to_date(make, capsys):
    assert run([make], ["--check"]) == 0, capsys.readouterr().out
