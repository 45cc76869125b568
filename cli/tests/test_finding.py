"""Where a command looks: files of values first, then a local run, then variables; one option takes one part's place."""

from pathlib import Path

import pytest

from asya_cli.errors import CliError
from asya_cli.local.state import ActorInfo, Folder, RunInfo
from asya_cli.repair.finding import Given, find_place

VARIABLES = {
    "ASYA_TRANSPORT": "nats",
    "ASYA_NATS_URL": "nats://there:4222",
    "ASYA_QUEUE_PREFIX": "env-",
    "ASYA_STORE_URL": "file:///env",
    "ASYA_STORE_PREFIX": "env-errors/",
}


@pytest.fixture
def with_run(tmp_path):
    """Give a folder that a local run was in."""
    folder = Folder(tmp_path / ".asya")
    folder.prepare()
    folder.write_info(
        RunInfo(
            transport="nats",
            broker_url="nats://127.0.0.1:1",
            environ={"ASYA_NATS_URL": "nats://127.0.0.1:1"},
            actors=[
                ActorInfo(name="one", queue="run-one", metrics=""),
                ActorInfo(name="error-end", queue="run-error-end", metrics="", is_end=True),
            ],
            results=(tmp_path / ".asya/results").as_uri(),
            happy_prefix="happy-asya/",
            error_prefix="error-asya/",
        )
    )
    return tmp_path


async def refusal(place):
    with pytest.raises(CliError) as caught:
        async with place.broker():
            raise AssertionError("nobody is there to connect to")
    return str(caught.value)


async def test_nothing_at_all_names_every_way(tmp_path):
    place = find_place(Given(tmp_path), {})
    with pytest.raises(CliError) as caught:
        place.store()
    assert str(caught.value) == (
        "no store of errors is known; there is no local run in this folder, and neither -f nor --store nor "
        "ASYA_STORE_URL says where; give one of them, or go to the folder of a local run"
    )
    assert "neither -f nor --set transport= nor ASYA_TRANSPORT says where" in await refusal(place)


def test_variables_say_where(tmp_path):
    place = find_place(Given(tmp_path), VARIABLES)
    assert (place.transport, place.store_url, place.error_prefix) == ("nats", "file:///env", "env-errors/")
    assert place.queue("one") == "env-one"


async def test_a_local_run_comes_before_variables(with_run):
    place = find_place(Given(with_run), VARIABLES)
    assert place.store_url == (with_run / ".asya/results").as_uri()
    assert place.queue("one") == "run-one"
    place.store()
    assert "is not up, nor is its broker; start it with `asya local up`" in await refusal(place)


def test_a_run_of_another_version_does_not_count(with_run):
    (with_run / ".asya/run.json").write_text("{}")
    assert find_place(Given(with_run), VARIABLES).store_url == "file:///env"


def test_an_option_takes_the_place_of_one_part(with_run):
    given = Given(with_run, store="file:///mine", store_prefix="old/", queue_prefix="my-")
    place = find_place(given, {})
    assert (place.store_url, place.error_prefix, place.queue("a")) == ("file:///mine", "old/", "my-a")
    assert place.transport == "nats"


@pytest.mark.needs("helm")
async def test_files_of_values_come_before_everything(with_run):
    (with_run / "env.yaml").write_text("store: {url: s3://bucket/asya, prefixes: {error-end: bad/}}\n")
    given = Given(with_run, files=("values/nats.yaml", "values/prod.yaml", "env.yaml"))
    place = find_place(given, VARIABLES)
    assert (place.transport, place.queue("one")) == ("nats", "prod-one")
    assert place.environ["ASYA_NATS_URL"] == "nats://nats.nats.svc.cluster.local:4222"
    assert (place.store_url, place.error_prefix, place.happy_prefix) == ("s3://bucket/asya", "bad/", "happy-asya/")
    assert place.origin == "values/nats.yaml, values/prod.yaml, env.yaml"


@pytest.mark.needs("helm")
async def test_a_secret_of_the_cluster_is_asked_for(tmp_path):
    files = ("values/rabbitmq.yaml",)
    assert await refusal(find_place(Given(tmp_path, files=files), {})) == (
        "the broker is entered with the Secret 'asya-rabbitmq', which is in the cluster; write its keys as files into "
        "a folder and give that with --secrets FOLDER"
    )
    absent = find_place(Given(tmp_path, files=files, secrets=Path("nonesuch")), {})
    assert "the folder of secrets 'nonesuch' is not there" in await refusal(absent)
    (tmp_path / "username").write_text("only")
    place = find_place(Given(tmp_path, files=files, secrets=tmp_path), {})
    assert "holds only one of username and password; put both there" in await refusal(place)
    assert find_place(Given(tmp_path, files=files), {"ASYA_SECRETS_DIR": "/x"}).environ["ASYA_SECRETS_DIR"] == "/x"


@pytest.mark.needs("helm")
def test_a_volume_of_the_cluster_is_not_taken_for_a_folder_here(tmp_path):
    place = find_place(Given(tmp_path, sets=("transport=nats",)), {})
    with pytest.raises(CliError, match="file:///data, a volume in the cluster; give it as this machine sees it with"):
        place.store()


@pytest.mark.needs("helm")
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"files": ("nonesuch.yaml",)}, "no values file 'nonesuch.yaml'"),
        ({"sets": ("transport=pigeon",)}, "the chart refuses 'crew'"),
        ({"sets": ("handler=a.b",)}, "the chart refuses 'crew'"),
    ],
)
def test_files_that_the_chart_refuses_are_told(tmp_path, given, sentence):
    with pytest.raises(CliError, match=sentence):
        find_place(Given(tmp_path, **given), {})


async def test_settings_that_lead_nowhere_are_told(tmp_path):
    assert "is no transport of this version" in await refusal(find_place(Given(tmp_path), {"ASYA_TRANSPORT": "pigeon"}))
    place = find_place(Given(tmp_path), {"ASYA_TRANSPORT": "nats", "ASYA_NATS_URL": "http://x"})
    assert "the settings of the environment variables lead to no broker; ASYA_NATS_URL" in await refusal(place)
    with pytest.raises(CliError, match="is no object store"):
        find_place(Given(tmp_path, store="ftp://x"), {}).store()
