import pytest

from asya_cli.errors import MisuseError
from asya_cli.local.actors import derived_names, read_actors


@pytest.mark.parametrize(
    ("handlers", "names"),
    [
        (["text_processor.process"], ["text-processor"]),
        (["classifier.TextClassifier.process"], ["classifier"]),
        (["shop.models.fraud_check.score"], ["fraud-check"]),
        (["shop.models.fraud_check.Model.score"], ["fraud-check"]),
        (["_private.run"], ["private"]),
        (["text.clean", "text.split", "other.run"], ["text-clean", "text-split", "other"]),
        (["models.Fast.process", "models.Slow.process"], ["models-fast-process", "models-slow-process"]),
        (["a.text.clean", "b.text.split"], ["text-clean", "text-split"]),
    ],
)
def test_an_actor_is_called_like_its_handlers_module(handlers, names):
    assert derived_names(handlers) == names


def test_handlers_become_actors_with_the_values_that_a_data_scientist_gives(tmp_path):
    first, second = read_actors(["text_processor.process", "shout=text_processor.shout"], tmp_path)
    assert (first.name, first.values["handler"]) == ("text-processor", "text_processor.process")
    assert (second.name, second.values["handler"]) == ("shout", "text_processor.shout")
    assert first.values["image"]


def test_a_folder_gives_one_actor_for_each_values_file(tmp_path):
    folder = tmp_path / "actors"
    folder.mkdir()
    for name in ("b.yaml", "a.yml", "README.md"):
        (folder / name).touch()
    actors = read_actors(["actors/"], tmp_path)
    assert [(actor.name, actor.values) for actor in actors] == [("a", folder / "a.yml"), ("b", folder / "b.yaml")]


def test_files_folders_and_handlers_mix(tmp_path):
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "a.yaml").touch()
    (tmp_path / "my-model.yaml").touch()
    actors = read_actors(["text.process", "actors", "my-model.yaml"], tmp_path)
    assert [actor.name for actor in actors] == ["a", "my-model", "text"]


def test_single_actors_get_their_own_interpreter(tmp_path):
    first, second = read_actors(["a.process", "b.process"], tmp_path, {"b": "/opt/b/bin/python"})
    assert (first.python, second.python) == (None, "/opt/b/bin/python")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["process"], "nor a handler; a handler is written module.function"),
        (["text-processor.process"], "is neither a values file, nor a folder of them, nor a handler"),
        (["=text.process"], "'' can't be an actor's name"),
        (["My_Name=text.process"], "'My_Name' can't be an actor's name"),
        (["happy-end=text.process"], "'happy-end' is the name of an end actor"),
        (["a=text.process", "a=text.other"], "two actors are called 'a'"),
        (["x.C.f", "y.x.C.f"], "two actors are called 'x-c-f'"),
        (["empty"], "empty holds no values file; each actor is one file <name>.yaml in it"),
    ],
)
def test_mistakes_are_told_with_what_to_do(given, sentence, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(MisuseError, match=sentence):
        read_actors(given, tmp_path)


def test_an_interpreter_for_an_actor_that_is_not_there_is_a_mistake(tmp_path):
    with pytest.raises(MisuseError, match="--python names 'c'; no such actor is given; use one of: a, b"):
        read_actors(["a.process", "b.process"], tmp_path, {"c": "python"})
