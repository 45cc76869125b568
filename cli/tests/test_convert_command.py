"""`asya convert` as a user calls it."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml

pytestmark = pytest.mark.needs("helm")

ACTOR = """\
apiVersion: asya.sh/v1alpha1
kind: AsyncActor
metadata: {name: NAME, namespace: ml}
spec: {image: "a:1", handler: a.b, scaling: {enabled: false}, stateProxy: [{name: s}]}
"""
BOTH = f"{ACTOR.replace('NAME', 'one')}---\n{ACTOR.replace('NAME', 'two')}"


def asya(folder, *arguments, stdin=None):
    command = [sys.executable, "-P", "-m", "asya_cli", "convert", *arguments]
    return subprocess.run(command, cwd=folder, input=stdin, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "manifests.yaml").write_text(BOTH)
    return tmp_path


def test_each_actor_becomes_a_file_beside_the_manifests_and_a_command(folder):
    done = asya(folder, "manifests.yaml")

    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"helm install {name} asya/actor --namespace ml -f {name}.yaml" for name in ("one", "two")
    ]
    *left_out, note = done.stderr.splitlines()
    assert left_out == [
        f"{name}: left out: spec.stateProxy: the state proxy is not built yet; keep state outside of the actor"
        for name in ("one", "two")
    ]
    assert note == (
        "note: the manifests of 2 actors name no transport, so it is nats unless another file says otherwise; "
        "say it once, in a file such as values/sqs.yaml"
    )
    assert yaml.safe_load((folder / "one.yaml").read_text()) == {
        "image": "a:1",
        "handler": "a.b",
        "scaling": {"enabled": False},
    }
    assert "# helm install one asya/actor --namespace ml -f one.yaml\n" in (folder / "one.yaml").read_text()


def test_stdin_is_read_and_another_folder_and_chart_are_used(folder):
    done = asya(folder, "-", "--output", "a/b", "--chart", "charts/actor", "--no-check", stdin=BOTH)

    assert done.stdout.splitlines()[0] == "helm install one charts/actor --namespace ml -f a/b/one.yaml"
    assert sorted(file.name for file in (folder / "a/b").iterdir()) == ["one.yaml", "two.yaml"]


def test_nothing_is_overwritten_unless_it_is_asked_for(folder):
    (folder / "two.yaml").write_text("mine")
    done = asya(folder, "manifests.yaml")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: two.yaml is there already;")
    assert (folder / "two.yaml").read_text() == "mine"
    assert not (folder / "one.yaml").exists()
    assert asya(folder, "manifests.yaml", "--force").returncode == 0
    assert "mine" not in (folder / "two.yaml").read_text()


def test_the_manifest_itself_is_never_replaced(folder):
    (folder / "one.yaml").write_text(ACTOR.replace("NAME", "one"))
    done = asya(folder, "one.yaml", "--force")

    assert done.returncode == 2
    assert "one.yaml is the manifest itself; choose another folder with --output" in done.stderr


def test_two_of_one_name_are_refused(folder):
    done = asya(folder, "-", stdin=f"{BOTH}---\n{ACTOR.replace('NAME', 'one')}")

    assert (done.returncode, "2 manifests are called one" in done.stderr) == (2, True)


def test_one_name_in_two_namespaces_makes_a_folder_for_each_namespace(folder):
    other = ACTOR.replace("NAME", "one").replace("ml", "other")
    done = asya(folder, "-", "--output", "a", "--no-check", stdin=f"{BOTH}---\n{other}")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"helm install {name} asya/actor --namespace {namespace} -f a/{namespace}/{name}.yaml"
        for namespace, name in (("ml", "one"), ("ml", "two"), ("other", "one"))
    ]
    assert {file.relative_to(folder / "a").as_posix() for file in (folder / "a").rglob("*.yaml")} == {
        "ml/one.yaml",
        "ml/two.yaml",
        "other/one.yaml",
    }


def test_what_no_manifest_says_of_a_transport_is_asked_for_once(folder):
    texts = [ACTOR.replace("NAME", name).replace("spec: {", "spec: {transport: rabbitmq, ") for name in ("one", "two")]
    done = asya(folder, "-", "--no-check", stdin="---\n".join(texts))

    assert done.stderr.splitlines()[-1] == (
        "note: the manifests of 2 actors do not say where rabbitmq is and who may use it; "
        "say it once, in a file such as values/rabbitmq.yaml"
    )


def test_end_actors_and_other_objects_are_left_aside(folder):
    sink = ACTOR.replace("NAME", "results").replace("spec: {", "spec: {actor: x-sink, ")
    text = f"{ACTOR.replace('NAME', 'happy-end')}---\n{sink}---\n{BOTH}---\nkind: Secret\nmetadata: {{name: s}}\n"
    done = asya(folder, "-", "--no-check", stdin=text)

    assert "note: Secret s is no AsyncActor and is left aside" in done.stderr
    assert "note: happy-end is an end actor, which the chart crew brings; it is left aside" in done.stderr
    assert "note: results is an end actor" in done.stderr
    assert not (folder / "happy-end.yaml").exists()
    assert not (folder / "results.yaml").exists()


def test_what_the_chart_refuses_is_shown_at_its_line(folder):
    wrong = ACTOR.replace("NAME", "one").replace("a.b", "nothing-to-call")
    done = asya(folder, "-", stdin=wrong)

    assert done.returncode == 1
    assert 'one.yaml:4: handler: "nothing-to-call" names nothing in a module' in done.stderr


def test_files_and_folders_are_converted_together(folder):
    (folder / "more" / "deep").mkdir(parents=True)
    (folder / "more" / "deep" / "three.yml").write_text(ACTOR.replace("NAME", "three"))
    (folder / "more" / "secret.yaml").write_text("kind: Secret\nmetadata: {name: s}\n")
    done = asya(folder, "manifests.yaml", "more", "--output", "actors", "--no-check")

    assert done.returncode == 0, done.stderr
    assert sorted(file.name for file in (folder / "actors").iterdir()) == ["one.yaml", "three.yaml", "two.yaml"]
    assert "note: Secret s is no AsyncActor" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["manifests.yaml", "manifests.yaml"], "error: several files of manifests need a folder for the values files;"),
        (["."], "error: several files of manifests need a folder for the values files;"),
        (["empty", "--output", "x"], "error: no file below empty holds an AsyncActor;"),
        (["nonesuch.yaml"], "error: can't read nonesuch.yaml"),
        (["binary.yaml"], "error: binary.yaml is no text in UTF-8;"),
        ([], "error: Missing argument"),
    ],
)
def test_what_can_not_be_read_or_placed_is_told(folder, arguments, told):
    (folder / "empty").mkdir()
    (folder / "binary.yaml").write_bytes(b"\xff\xfe")
    done = asya(folder, *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith(told)
