import pytest

from asya_cli.assets import find_assets
from asya_cli.errors import CliError
from asya_cli.local.render import Release, render

pytestmark = pytest.mark.needs("helm")

CHART = {
    "Chart.yaml": "apiVersion: v2\nname: small\nversion: 1.0.0\n",
    "values.yaml": "a: chart\nb: chart\nc: chart\nd: chart\ne: chart\n",
    "templates/map.yaml": "kind: ConfigMap\ndata:\n  {{- .Values | toYaml | nindent 2 }}\n---\n",
    "templates/hook.yaml": (
        'kind: Job\nmetadata:\n  name: {{ .Release.Name }}\n  annotations: {"helm.sh/hook": pre-install}\n'
    ),
}


@pytest.fixture
def chart(tmp_path):
    folder = tmp_path / "small"
    (folder / "templates").mkdir(parents=True)
    for name, text in CHART.items():
        (folder / name).write_text(text)
    return folder


def test_later_values_win_and_hooks_are_rendered_too(chart, tmp_path):
    weak = tmp_path / "weak.yaml"
    weak.write_text("b: file\nc: file\nd: file\ne: file\n")
    release = Release(
        "text", chart, [weak, {"c": "mapping", "d": "mapping", "e": "mapping"}], ["d=set", "e=set"], ["e=1"]
    )
    found = {each["kind"]: each for each in render(release, tmp_path)}
    assert found["ConfigMap"]["data"] == {"a": "chart", "b": "file", "c": "mapping", "d": "set", "e": "1"}
    assert found["Job"]["metadata"]["name"] == "text"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"handler": "a.b"}, r"the chart refuses 'text'; image: handler is given, but no image .*; change its values"),
        ({"handlr": "a.b"}, r"the chart refuses 'text'; handlr: did you mean handler\?; change its values"),
        ({"scaling": {"enable": True}}, r"the chart refuses 'text'; scaling\.enable: did you mean enabled\?"),
        (
            {"nonesuch": 1},
            r"the chart refuses 'text'; nonesuch: there is no such key; the chart's values.yaml lists them;",
        ),
        ({"timeout": {"x": 1}}, r"the chart refuses 'text'; timeout\.x: there is no such key; there are .*actor"),
        ({"handler": [1]}, r"the chart refuses 'text'; .*handler: this is a list"),
    ],
)
def test_a_refusal_is_the_charts_own_sentence(values, sentence, tmp_path):
    with pytest.raises(CliError, match=sentence) as refused:
        render(Release("text", find_assets().chart("actor"), [values]), tmp_path)
    assert "execution error at" not in str(refused.value)


def test_of_several_mistakes_the_first_is_the_sentence_and_the_others_stand_above_it(tmp_path):
    values = {"handlr": "a.b", "image": 3, "scaling": {"enable": True}}
    with pytest.raises(CliError, match=r"; handlr: did you mean handler\?;") as refused:
        render(Release("text", find_assets().chart("actor"), [values]), tmp_path)
    above = refused.value.detail.splitlines()
    assert above[0] == "  scaling.enable: did you mean enabled?"
    assert any(line.startswith("  image: this is ") for line in above)
    assert len(above) == 2
