import os
import sys

import pytest

from tools import prepare


def test_an_environment_is_ready_only_for_what_it_was_built_for(tmp_path):
    with prepare.building(tmp_path, "pins of today"):
        assert not prepare.is_ready(tmp_path, "pins of today")
    assert prepare.is_ready(tmp_path, "pins of today")
    assert not prepare.is_ready(tmp_path, "pins of tomorrow")


def test_an_interrupted_rebuild_leaves_nothing_that_counts_as_ready(tmp_path):
    with prepare.building(tmp_path, "old"):
        pass
    with pytest.raises(KeyboardInterrupt), prepare.building(tmp_path, "new"):
        raise KeyboardInterrupt
    assert not prepare.is_ready(tmp_path, "old")
    assert not prepare.is_ready(tmp_path, "new")


def test_the_fingerprint_follows_content_and_interpreter(tmp_path):
    pins = tmp_path / "pins.txt"
    pins.write_text("a==1")
    first = prepare.fingerprint([pins], python="3.11")
    assert first == prepare.fingerprint([pins], python="3.11")
    assert first != prepare.fingerprint([pins], python="3.12")
    pins.write_text("a==2")
    assert first != prepare.fingerprint([pins], python="3.11")


@pytest.mark.parametrize(
    ("line", "settings"),
    [
        ("global.index-url='https://mirror.example/simple'", {"UV_DEFAULT_INDEX": "https://mirror.example/simple"}),
        (":env:.index_url='https://mirror.example/simple'", {"UV_DEFAULT_INDEX": "https://mirror.example/simple"}),
        ("install.find-links='/opt/wheels'", {"UV_FIND_LINKS": "/opt/wheels"}),
        (
            "global.extra-index-url='\\nhttps://a.example\\nhttps://b.example'",
            {"UV_INDEX": "https://a.example https://b.example"},
        ),
        ("global.cert='/etc/ca.crt'", {"SSL_CERT_FILE": "/etc/ca.crt"}),
        ("global.disable-pip-version-check='1'", {}),
        ("", {}),
    ],
)
def test_what_pip_is_told_about_indexes_uv_is_told_too(line, settings):
    assert prepare.uv_settings(line) == settings


def test_a_setting_of_uv_wins_over_the_one_of_pip():
    base = {"UV_DEFAULT_INDEX": "https://of-uv.example"}
    env = prepare.uv_environment(base, "global.index-url='https://of-pip.example'")
    assert env["UV_DEFAULT_INDEX"] == "https://of-uv.example"


def test_uv_never_downloads_a_python_and_keeps_its_cache_with_ours():
    env = prepare.uv_environment({"UV_PYTHON_DOWNLOADS": "automatic"}, "")
    assert env["UV_PYTHON_DOWNLOADS"] == "never"
    assert env["UV_CACHE_DIR"] == str(prepare.CACHE / "uv")


def test_a_program_that_fails_is_quoted():
    with pytest.raises(prepare.PreparationError, match=r"(?s)ended with 3.*no such index"):
        prepare.run(sys.executable, "-c", "import sys; print('no such index'); sys.exit(3)", env=os.environ)


def test_an_old_python_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    monkeypatch.setattr(sys, "version", "3.10.4 (main)")
    with pytest.raises(prepare.PreparationError, match=r"Python 3\.10\.4; set PYTHON to 3\.11"):
        prepare.prepare()
