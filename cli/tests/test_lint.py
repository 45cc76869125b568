"""`asya lint`: mistakes in values files, each with its file, its line and the nearest right key."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from asya_cli.assets import find_assets
from asya_cli.lint.findings import read_refusal
from asya_cli.lint.positions import compose, line_of, twice

CHART = find_assets().chart("actor")
HELM_3 = """\
Error: values don't meet the specifications of the schema(s) in the following chart(s):
actor:
- (root): Additional property timout is not allowed
- (root): Property name of "timout" does not match
- (root): (root) must be one of the following: "actor", "timeout"
- scaling: Additional property enable is not allowed
- scaling.maxReplicaCount: Invalid type. Expected: integer, given: string
- handlerMode: handlerMode must be one of the following: "payload", "envelope"
- timeout.actor: Does not match pattern '^[0-9]+$'
"""
HELM_4 = """\
Error: values don't meet the specifications of the schema(s) in the following chart(s):
actor:
- at '': additional properties 'timout' not allowed
- at '': invalid propertyName 'timout'
  - at '': value must be one of 'actor', 'timeout'
- at '/scaling': validation failed
  - at '/scaling': additional properties 'enable' not allowed
  - at '/security': invalid propertyName 'enable'
    - at '': value must be one of 'enabled', 'fallback'
  - at '/scaling/maxReplicaCount': got string, want integer
- at '/handlerMode': value must be one of 'payload', 'envelope'
- at '/timeout/actor': '5 minutes' does not match pattern '^[0-9]+$'
"""


def asya(folder, *arguments):
    command = [sys.executable, "-P", "-m", "asya_cli", "lint", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def write(folder, name, text):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text)


@pytest.mark.needs("helm")
@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (
            "image: a:1\nhandler: a.b\nscaling:\n  minReplicaCuont: 1\n",
            "4: scaling.minReplicaCuont: did you mean minReplicaCount?",
        ),
        ("timout: {actor: 5m}\n", "1: timout: did you mean timeout?"),
        ("image: a:1\n", "1: handler: image is given, but nothing to call in it;"),
        ("env:\n  - name: A\n  - naem: B\n", "3: env.1.naem: did you mean name?"),
        ("scaling:\n  maxReplicaCount: two\n", "2: scaling.maxReplicaCount: "),
        ("scaling:\n  minReplicaCount: 9\n  maxReplicaCount: 1\n", "2: scaling.minReplicaCount: 9 is more than"),
        (
            "timeout:\n  actor: 5 minutes\n",
            "2: timeout.actor: this is not a duration; write 5m, 90s or a number of seconds",
        ),
        ("resources:\n  limits:\n    memory: 1 GB\n", "3: resources.limits.memory: this is not an amount; write"),
        (
            "volumes:\n  a:\n    secret:\n      secretNam: s\n",
            "4: volumes.a.secret.secretNam: did you mean secretName?",
        ),
        ("logLevel: INFO\nscaling:\n", "2: scaling: empty; remove the key, or give it something"),
        ("timeout:\n  actor:\n", "2: timeout.actor: empty; remove the key, or give it something"),
        (
            "actors:\n  one: {handler: a.b}\n",
            "1: actors: only the chart pipeline has several actors in one file; add --chart pipeline",
        ),
        ("replicas: 1\nreplicas: 2\n", "2: replicas: the key is there twice; remove one"),
        ("- image: a:1\n", "1: this is a list, and a values file is a map of keys; write them without dashes"),
        ("logLevel: INFO\n---\nreplicas: 1\n", "3: Helm reads nothing from a second document;"),
        (
            "apiVersion: asya.sh/v1alpha1\nkind: AsyncActor\nstatus: {}\n",
            "2: this is a manifest (AsyncActor) and no values file; `asya convert` makes values files of it",
        ),
        ("apiVersion: v1\nkind: Secret\n", "2: this is a manifest (Secret) and no values file; give values"),
        ("concurrency: many\n", "1: concurrency: this is a text, and a whole number belongs here"),
        ("image: 1\n", "1: image: this is a whole number, and a text belongs here; put it into quotes"),
        ("priorityClassName: yes\n", "1: priorityClassName: this is true or false, and a text belongs here;"),
        ("a: b: c\n", "1: this is no YAML (mapping values are not allowed in this context); correct it"),
        (
            "resiliency:\n  policies: {default: {}}\n  rules:\n    - errors: [A]\n      policy: nope\n",
            '5: resiliency.rules[0].policy: there is no policy "nope";',
        ),
    ],
)
def test_a_mistake_is_shown_with_its_line(text, finding, tmp_path):
    write(tmp_path, "my-model.yaml", text)
    done = asya(tmp_path, "my-model.yaml")

    lines = [line for line in done.stdout.splitlines() if line.startswith(f"my-model.yaml:{finding}")]
    if finding.startswith("1: handler"):  # a key that is not there has no line
        lines = [line for line in done.stdout.splitlines() if line.startswith("my-model.yaml: handler: image is given")]
    assert len(lines) == 1, done.stdout
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")


@pytest.mark.needs("helm")
def test_a_folder_is_checked_file_by_file_over_an_environment(tmp_path):
    write(tmp_path, "actors/good.yaml", "image: a:1\nhandler: a.b\n")
    write(tmp_path, "actors/bad.yaml", "image: a:1\nhandler: a.b\ntimeout: {actor: 20m}\n")
    write(tmp_path, "actors/notes.txt", "no values")
    write(tmp_path, "dev.yaml", "transport: rabbitmq\ntransports: {rabbitmq: {consumerTimeout: 10m}}\n")

    assert asya(tmp_path, "actors").stdout == "2 files: nothing found\n"
    done = asya(tmp_path, "actors", "-f", "dev.yaml")
    assert (done.returncode, done.stderr) == (1, "error: 1 mistake in 1 file; correct them\n")
    assert done.stdout.startswith("actors/bad.yaml:3: timeout.actor: 20m is not shorter than")


@pytest.mark.needs("helm")
def test_a_mistake_in_a_file_below_is_shown_there(tmp_path):
    write(tmp_path, "my-model.yaml", "image: a:1\nhandler: a.b\n")
    write(tmp_path, "dev.yaml", "logLevel: INFO\nscalin: {}\n")

    assert asya(tmp_path, "my-model.yaml", "-f", "dev.yaml").stdout == "dev.yaml:2: scalin: did you mean scaling?\n"


@pytest.mark.needs("helm")
def test_flavors_and_charts_of_ours_are_found_by_name(tmp_path):
    write(tmp_path, "Crew_Values.yaml", "store: {url: 's3://results'}\n")

    assert asya(tmp_path, "Crew_Values.yaml", "--chart", "crew", "-f", "flavors/nats.yaml").returncode == 0


@pytest.mark.needs("helm")
def test_each_file_of_a_folder_gets_the_flavors_that_it_names(tmp_path):
    write(tmp_path, "actors/one.yaml", "image: a:1\nhandler: a.b\nflavors: [gpu, own]\n")
    write(tmp_path, "actors/two.yaml", "image: a:1\nhandler: a.b\nflavor: spot\n")
    write(tmp_path, "actors/three.yaml", "image: a:1\nhandler: a.b\nflavors: [nonesuch]\n")
    write(tmp_path, "flavors/own.yaml", "preset: {flavors: {own: true}}\n")

    assert asya(tmp_path, "actors").stdout.count("\n") == 4
    done = asya(tmp_path, "actors", "--flavors")
    assert [line.split('"')[0] for line in done.stdout.splitlines()] == ["actors/three.yaml:3: flavors: "]


@pytest.mark.needs("helm")
def test_a_mistake_in_one_actor_of_a_pipeline_has_its_line(tmp_path):
    write(tmp_path, "text.yaml", "image: a:1\nactors:\n  one: {handler: a.b}\n  two:\n    handlr: a.b\n")

    assert asya(tmp_path, "text.yaml", "--chart", "pipeline").stdout == (
        "text.yaml:5: actors.two.handlr: did you mean handler?\n"
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nonesuch.yaml"], "error: can't read nonesuch.yaml;"),
        (["."], "error: . holds no values file;"),
        (["x.yaml", "--chart", "nonesuch"], "error: no chart 'nonesuch'; it is neither one of ours (actor, crew"),
        (["x.yaml", "-f", "nonesuch.yaml"], "error: no values file 'nonesuch.yaml';"),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments, told, tmp_path):
    write(tmp_path, "sub/x.yaml", "{}")
    if arguments[0] == "x.yaml":
        write(tmp_path, "x.yaml", "{}")
    done = asya(tmp_path, *arguments)

    assert (done.returncode != 0, done.stdout, done.stderr.count("\n")) == (True, "", 1)
    assert done.stderr.startswith(told)


@pytest.mark.parametrize("stderr", [HELM_3, HELM_4], ids=["3", "4"])
def test_both_generations_of_helm_are_understood(stderr):
    found = read_refusal(stderr, json.loads((CHART / "values.schema.json").read_text()))

    assert found[2].sentence == "this is a text, and a whole number belongs here"
    wrong = ["timout", "scaling.enable", "scaling.maxReplicaCount", "handlerMode", "timeout.actor"]
    assert [each.path for each in found] == wrong
    assert found[-1].sentence == "this is not a duration; write 5m, 90s or a number of seconds"
    assert [each.sentence for each in found[:2]] == ["did you mean timeout?", "did you mean enabled?"]


@pytest.mark.parametrize(
    "lines",
    [
        ["- (root): scaling is required", "- (root): batch is required", "- timeout: actor is required"],
        ["- at '': missing properties 'scaling', 'batch'", "- at '/timeout': missing property 'actor'"],
    ],
)
def test_a_key_that_is_missing_is_named_by_both_generations_of_helm(lines):
    problems = read_refusal("\n".join(lines), {})
    assert [(each.path, each.is_missing) for each in problems] == [
        ("scaling", True),
        ("batch", True),
        ("timeout.actor", True),
    ]


def test_what_is_no_list_of_mistakes_is_shown_as_it_is():
    assert read_refusal("walk.go:75: found symbolic link\nError: no space left\n", {})[0].sentence == "no space left"


def test_keys_are_found_by_path_index_and_name():
    [node] = compose("a:\n  - name: x\n    b: 1\n  - {name: y, b: 2}\nn:\n  nvidia.com/gpu: 1\nn.x: 2\n")

    assert [line_of(node, path) for path in ("a", "a[0].b", "a.1.b", "a[y].b", "a.x")] == [1, 3, 4, 4, 2]
    assert [line_of(node, path) for path in ("n.nvidia.com/gpu", "n.x", "a[2].b", "nonesuch")] == [6, 7, None, None]
    assert line_of(None, "a") is None
    assert [line_of(node, path, nearest=True) for path in ("a[0].c", "a[2].b", "nonesuch")] == [2, 1, None]


def test_keys_that_are_there_twice_are_found_wherever_they_are():
    assert list(twice(*compose("a: [{b: 1, b: 2}]\na: 3\n"))) == [("a[0].b", 1), ("a", 2)]


@pytest.mark.needs("helm")
def test_mistakes_come_in_the_order_of_their_lines(tmp_path):
    write(tmp_path, "my-model.yaml", "image: 1\nscaling:\n  enabld: true\nenv: [{naem: A}]\nhandlr: a.b\n")
    lines = [line.split(":")[1] for line in asya(tmp_path, "my-model.yaml").stdout.splitlines()]

    assert lines == sorted(lines)
    assert set(lines) == {"1", "3", "4", "5"}
