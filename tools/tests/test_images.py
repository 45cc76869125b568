from tools import images


def test_the_end_actors_image_is_built_last_and_on_the_runtimes():
    built = list(images.commands(("docker", "build"), "1.2.0", {"BASE_IMAGE": "base:1"}))
    tags = [command[command.index("--tag") + 1] for command in built]
    assert tags[0] == "asya-sidecar:1.2.0"
    assert tags[-1] == "asya-crew:1.2.0"
    assert "BASE_IMAGE=base:1" in built[0]
    assert "BASE_IMAGE=asya-runtime:1.2.0" in built[-1]


def test_a_registry_goes_before_the_names():
    assert (
        images.tag("sidecar", "1.2.0", {"REGISTRY": "registry.example/team/"})
        == "registry.example/team/asya-sidecar:1.2.0"
    )


def test_without_a_builder_the_remedy_is_named_and_nothing_fails(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert images.main() == 0
    assert "install buildah" in capsys.readouterr().out
