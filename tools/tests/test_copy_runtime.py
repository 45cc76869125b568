"""The chart's copy of the runtime is whole, flat and small enough for a ConfigMap."""

from __future__ import annotations

import pytest

from tools.copy_runtime import LARGEST, make
from tools.outputs import GenerateError


def test_every_module_is_copied(tmp_path):
    (tmp_path / "a.py").write_text("A = 'ä'\n", encoding="utf-8")
    (tmp_path / "py.typed").write_text("")

    [output] = make(tmp_path, tmp_path / "copy")

    assert output.files == {"a.py": "A = 'ä'\n"}


def test_no_runtime_is_no_copy(tmp_path):
    with pytest.raises(GenerateError, match="holds no runtime to copy"):
        list(make(tmp_path, tmp_path / "copy"))


def test_a_module_in_a_folder_is_refused(tmp_path):
    (tmp_path / "a.py").write_text("")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/b.py").write_text("")

    with pytest.raises(GenerateError, match=r"inner/b\.py is in a folder of the runtime"):
        list(make(tmp_path, tmp_path / "copy"))


@pytest.mark.parametrize(("size", "fits"), [(LARGEST - 1, True), (LARGEST, False)])
def test_a_runtime_too_large_for_a_config_map_is_refused(tmp_path, size, fits):
    (tmp_path / "a.py").write_text("#" * size)

    if fits:
        assert len(list(make(tmp_path, tmp_path / "copy"))) == 1
    else:
        with pytest.raises(GenerateError, match=f"has {size} bytes, over the {LARGEST}"):
            list(make(tmp_path, tmp_path / "copy"))
