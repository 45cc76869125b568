import pytest

from tools import flavor_tables, flavors
from tools.outputs import GenerateError

GPU = """\
# One GPU for each pod.
# Needs nodes with
# GPUs.
# Not with spot, cpu.
preset:
  flavors: {gpu: true}
  tolerations:
    gpu: {key: gpu, operator: Exists}
timeout:
  actor: 90s
"""
CPU = "# Small handlers.\n# Needs nothing.\npreset: {flavors: {cpu: true}}\ntimeout: {actor: 30s}\nconcurrency: 4\n"
STORE = "# Results in a bucket. Needs a role.\nstore: {url: s3://results}\ntimeout: {actor: 1s}\n"


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.setattr(flavors, "FOLDER", tmp_path)

    def read(**texts):
        for name, text in texts.items():
            (tmp_path / f"{name}.yaml").write_text(text)
        return flavors.read_flavors()

    return read


def test_a_flavor_says_in_its_first_lines_what_it_is(read):
    (gpu,) = read(gpu=GPU)

    assert (gpu.name, gpu.chart, gpu.does) == ("gpu", "actor", "One GPU for each pod.")
    assert (gpu.needs, gpu.not_with) == ("nodes with GPUs.", ("spot", "cpu"))


def test_its_settings_are_paths_to_values(read):
    (gpu,) = read(gpu=GPU)

    assert gpu.settings == {
        "preset.flavors.gpu": True,
        "preset.tolerations.gpu.key": "gpu",
        "preset.tolerations.gpu.operator": "Exists",
        "timeout.actor": "90s",
    }


def test_two_of_one_chart_that_set_one_key_to_two_values_do_not_agree(read):
    found = flavors.conflicts(read(cpu=CPU, gpu=GPU, same=CPU.replace("cpu:", "same:"), store=STORE))

    assert found == {("cpu", "gpu"): ["timeout.actor"], ("gpu", "same"): ["timeout.actor"]}


@pytest.mark.parametrize("text", ["transport: nats\n", "# Only what it does.\ntransport: nats\n"])
def test_one_that_says_nothing_of_itself_is_refused(read, text):
    with pytest.raises(GenerateError, match=r"flavors/silent\.yaml does not say in its first lines"):
        read(silent=text)


def test_the_tables_name_what_is_set_and_what_has_several_fields_by_its_name_alone(read):
    text = flavor_tables.tables(read(cpu=CPU, gpu=GPU))

    assert "| `gpu` | One GPU for each pod. | nodes with GPUs |" in text
    assert "| `gpu` | `timeout.actor: 90s`, `preset.tolerations.gpu` |" in text
    assert "| `cpu` | `gpu` | `timeout.actor` |" in text


def test_a_page_without_marks_is_refused(tmp_path, monkeypatch, read):
    read(gpu=GPU)
    page = tmp_path / "flavors.md"
    page.write_text("# Flavors\n")
    monkeypatch.setattr(flavor_tables, "PAGE", page)

    with pytest.raises(GenerateError, match="has no lines"):
        list(flavor_tables.make())
