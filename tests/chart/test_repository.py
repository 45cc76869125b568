"""The chart repository that `make package` makes, served on this machine and used as a reader of the pages would."""

from __future__ import annotations

import tarfile
from functools import partial
from http.server import SimpleHTTPRequestHandler

import pytest
import yaml

from tests.chart.kube import DRY_RUN, kube_server, serving
from tests.chart.rendering import HANDLER, ROOT, Rendered
from tools.package import main
from tools.versions import version

CHARTS = ("actor", "crew", "pipeline")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def repository(need, tmp_path_factory):
    need("helm")
    folder = tmp_path_factory.mktemp("repository") / "charts"
    assert main(["--target", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def reader(helm, repository, tmp_path_factory):
    """A reader who has added the repository: `helm` in a folder with the published flavors and a values file."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "flavors").symlink_to(repository / "flavors")
    (folder / "my-model.yaml").write_text(yaml.safe_dump(HANDLER))
    with kube_server(folder) as environment, serving(partial(_Quiet, directory=repository)) as address:
        run = partial(helm.run, cwd=folder, environment=environment)
        done = run("repo", "add", "asya", address)
        assert done.returncode == 0, done.stderr
        yield run, address


def dry_run(reader, *arguments):
    done = reader[0](*arguments, *DRY_RUN)
    assert done.returncode == 0, done.stderr
    manifest = done.stdout.split("HOOKS:")[1].split("NOTES:")[0].replace("MANIFEST:", "---")
    return Rendered([each for each in yaml.safe_load_all(manifest) if each]), done.stdout


def test_the_repository_is_found_by_search(reader):
    found = reader[0]("search", "repo", "asya/")

    assert found.returncode == 0, found.stderr
    assert [line.split()[:2] for line in found.stdout.splitlines()[1:]] == [
        [f"asya/{chart}", version()] for chart in CHARTS
    ]


def test_a_model_is_installed_with_a_flavor_as_it_stands(reader):
    rendered, printed = dry_run(reader, "install", "my-model", "asya/actor", "-f", "flavors/gpu.yaml")

    assert rendered.container("asya-runtime")["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert "NO IMAGE AND NO HANDLER WERE GIVEN" in printed


def test_a_model_is_installed_with_its_own_values(reader):
    rendered, _ = dry_run(reader, "install", "my-model", "asya/actor", "-f", "flavors/gpu.yaml", "-f", "my-model.yaml")

    assert rendered.container("asya-runtime")["image"] == HANDLER["image"]
    assert rendered.one("ScaledObject")["metadata"]["name"] == "my-model"


def test_flavors_are_published_beside_the_index(reader, repository):
    rendered, _ = dry_run(reader, "install", "my-model", "asya/actor", "-f", f"{reader[1]}/flavors/gpu.yaml")

    assert rendered.container("asya-runtime")["resources"]["limits"]["nvidia.com/gpu"] == 1
    for folder in ("flavors", "values"):
        published = {path.name: path.read_text() for path in (repository / folder).rglob("*.yaml")}
        assert published == {path.name: path.read_text() for path in (ROOT / folder).rglob("*.yaml")}


@pytest.mark.parametrize(("key", "missing"), [("image", "handler"), ("handler", "image")])
def test_an_image_without_a_handler_is_refused_with_a_sentence(reader, key, missing):
    done = reader[0]("install", "my-model", "asya/actor", "--set", f"{key}={HANDLER[key]}", *DRY_RUN)

    assert done.returncode != 0
    assert f"ERROR: {missing}: " in done.stderr


@pytest.mark.parametrize("chart", CHARTS)
def test_a_package_is_whole_and_says_what_is_new(repository, chart):
    with tarfile.open(repository / f"{chart}-{version()}.tgz") as archive:
        names = archive.getnames()
        file = archive.extractfile(f"{chart}/Chart.yaml")
        assert file is not None
        about = yaml.safe_load(file.read())

    changes = yaml.safe_load(about["annotations"]["artifacthub.io/changes"])
    assert {"kind", "description"} == set(changes[0])
    assert about["appVersion"] == version()
    assert about["icon"].startswith("data:image/svg+xml;base64,")
    assert f"{chart}/LICENSE" in names
    inner = "" if chart == "actor" else "charts/actor/"
    assert f"{chart}/{inner}files/asya_runtime/__main__.py" in names
    assert f"{chart}/{inner}flavors/gpu.yaml" in names
    assert not [name for name in names if "/ci/" in name]


def test_a_repository_with_an_address_is_the_home_of_its_charts(need, tmp_path):
    need("helm")
    home = "https://charts.example.com/asya"
    assert main(["--target", str(tmp_path / "charts"), "--url", home]) == 0

    index = yaml.safe_load((tmp_path / "charts" / "index.yaml").read_text())
    (actor,) = index["entries"]["actor"]
    assert (actor["home"], actor["urls"]) == (home, [f"{home}/actor-{version()}.tgz"])
