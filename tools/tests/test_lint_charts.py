import json
from pathlib import Path

import pytest

from tools import go_tools, lint_charts, prepare
from tools.needs import find

CHART = "apiVersion: v2\nname: small\nversion: 0.1.0\nicon: https://example.com/icon.png\n"
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {key: {{ .Values.key | quote }}}\n"


@pytest.fixture
def chart(tmp_path, monkeypatch):
    folder = tmp_path / "small"
    (folder / "templates").mkdir(parents=True)
    (folder / "ci").mkdir()
    (folder / "Chart.yaml").write_text(CHART)
    (folder / "values.yaml").write_text("key: one\n")
    (folder / "templates" / "configmap.yaml").write_text(CONFIG_MAP)
    monkeypatch.setattr(lint_charts, "CHARTS", tmp_path)
    return folder


@pytest.fixture
def helm(need):
    return need("helm")


def test_a_sound_chart_passes_with_defaults_and_in_each_scenario(chart, helm):
    (chart / "ci" / "other-values.yaml").write_text("key: two\n")
    assert list(lint_charts.helm_lint(helm)) == [True, True]


def test_a_scenario_that_does_not_render_fails_and_is_shown(chart, helm, capsys):
    (chart / "templates" / "broken.yaml").write_text('{{ if eq .Values.key "bad" }}a: b: c{{ end }}')
    (chart / "ci" / "bad-values.yaml").write_text("key: bad\n")
    assert list(lint_charts.helm_lint(helm)) == [True, False]
    assert "bad-values.yaml" in capsys.readouterr().out


def test_schemas_of_kubernetes_are_laid_out_for_kubeconform(monkeypatch, tmp_path):
    monkeypatch.setattr(prepare, "CACHE", tmp_path)
    location = lint_charts.prepare_schemas()
    file = location.replace("{{ .ResourceKind }}", "deployment").replace("{{ .KindSuffix }}", "-apps-v1")
    schema = json.loads(Path(file).read_text())
    assert "$id" not in schema
    assert schema["properties"]["metadata"]["$ref"].startswith("_definitions.json#")
    assert (Path(file).parent / "_definitions.json").is_file()


def test_our_own_programs_come_first_on_path():
    assert find("yamllint") == Path(lint_charts.environment()["PATH"].split(":")[0]) / "yamllint"


def test_without_go_its_tools_are_named_with_the_remedy(monkeypatch, tmp_path):
    monkeypatch.setattr(go_tools, "BINARIES", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(go_tools.UnavailableError, match="Go is not on PATH; remedy: install Go"):
        go_tools.build("ct")


def test_a_tool_that_go_can_not_build_is_named_and_tried_again_next_time(monkeypatch, tmp_path):
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho 'go.mod requires go >= 9' >&2\nexit 1\n")
    go.chmod(0o755)
    monkeypatch.setattr(go_tools, "BINARIES", tmp_path / "built")
    monkeypatch.setenv("PATH", str(tmp_path))
    for _ in range(2):
        with pytest.raises(go_tools.UnavailableError, match="requires go >= 9"):
            go_tools.build("kubeconform")
