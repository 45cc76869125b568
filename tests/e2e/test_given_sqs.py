"""A local run on an SQS that is there already, with S3 for what comes out: its queues have a prefix of their own."""

import json
import secrets
import shutil

import botocore.session
import pytest

from asya_cli.errors import CliError
from asya_cli.local.brokers import prepare_broker
from asya_cli.local.brokers.sqs_given import REGION, URL, find_given, prepare_given
from asya_cli.local.ports import FreePorts
from cli.tests.commands import Workplace
from tests.brokers.moto_server import CREDENTIALS
from tests.brokers.moto_server import REGION as US

HANDLERS = """
def shout(payload):
    return payload["text"].upper()
"""


@pytest.fixture
def given(moto_server, monkeypatch):
    """Name the server of the tests in the environment, as a shell that has credentials for it."""
    monkeypatch.setenv(URL, moto_server.url)
    monkeypatch.delenv(REGION, raising=False)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return moto_server


def client_of(service, server):
    keys = {name.lower(): value for name, value in CREDENTIALS.items()}
    return botocore.session.get_session().create_client(service, region_name=US, endpoint_url=server.url, **keys)


def queues(server, prefix):
    urls = client_of("sqs", server).list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
    return {url.rpartition("/")[2].removeprefix(prefix) for url in urls}


@pytest.fixture
def bucket(given, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", given.url)
    monkeypatch.setenv("AWS_REGION", US)
    name = f"results-{secrets.token_hex(4)}"
    client_of("s3", given).create_bucket(Bucket=name)
    return name


@pytest.mark.needs("helm")
@pytest.mark.timeout(300)
def test_results_and_errors_lie_in_s3_and_queues_have_a_prefix(given, bucket, tmp_path):
    place = Workplace(tmp_path, HANDLERS)
    try:
        up = place("up", "--transport", "sqs", "handlers.shout", "--store", f"s3://{bucket}/dev", "--detach")
        assert f"broker: {given.url}\n" in up.stdout
        queue = place.running.queue("handlers")
        prefix = queue.removesuffix("handlers")
        assert prefix.startswith("asya-local-")
        assert {"handlers", "happy-end", "error-end", "handlers-dlq"} < queues(given, prefix)
        assert json.loads(place("send", "handlers", '{"text": "hi"}', "--id", "good", "--follow").stdout) == "HI"
        done = place("send", "handlers", "{}", "--id", "bad", "--follow", code=1)
        assert "error: bad ended in an error at handlers (processing_error); KeyError: 'text'" in done.stderr
        found = json.loads(place("status", "-o", "json").stdout)
        assert found["broker"] == {"name": "sqs", "url": given.url, "ready": True}
    finally:
        place.close()
    s3 = client_of("s3", given)
    objects = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    stored = {
        key.rpartition("/")[2]: json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        for key in objects
        if key.startswith(("dev/happy-asya/", "dev/error-asya/"))
    }
    assert stored["good.0.json"]["payload"] == "HI"
    assert stored["bad.0.json"]["payload"]["error"] == "processing_error"
    assert len(stored) == 2


def test_what_waits_stays_until_everything_is_to_be_forgotten(given, tmp_path):
    folder, sqs = tmp_path / "sqs", client_of("sqs", given)
    prefix = prepare_given(find_given(), folder).chart_values["queues.prefix"]
    url = sqs.create_queue(QueueName=f"{prefix}kept")["QueueUrl"]

    def count():
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return answer["Attributes"]["ApproximateNumberOfMessages"]

    sqs.send_message(QueueUrl=url, MessageBody="waits")
    assert prepare_given(find_given(), folder).chart_values["queues.prefix"] == prefix
    assert count() == "1"
    shutil.rmtree(folder)  # as `--fresh` does
    assert prepare_given(find_given(), folder).chart_values["queues.prefix"] != prefix
    assert queues(given, prefix) == set()


def test_nobody_else_with_the_same_folder_has_the_same_queues(given, tmp_path):
    prefixes = []
    for _ in ("mine", "another machine's"):
        prefixes.append(prepare_given(find_given(), tmp_path / "sqs").chart_values["queues.prefix"])
        client_of("sqs", given).create_queue(QueueName=f"{prefixes[-1]}actor")
        for file in sorted(tmp_path.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
    assert [queues(given, prefix) for prefix in prefixes] == [{"actor"}, {"actor"}]
    assert len(set(prefixes)) == 2


def test_an_address_where_nobody_is_is_told(given, monkeypatch, tmp_path):
    del given
    monkeypatch.setenv(URL, f"http://127.0.0.1:{FreePorts()()}")
    with pytest.raises(CliError, match=r"can't use http://127\.0\.0\.1:\d+ \(.*\); this run's queues were to be there"):
        prepare_broker("sqs", tmp_path / "sqs", tmp_path, FreePorts())


def test_aws_itself_wants_credentials(monkeypatch, tmp_path):
    monkeypatch.delenv(URL, raising=False)
    monkeypatch.setenv(REGION, "eu-central-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ROLE_ARN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CliError, match="can't enter AWS's SQS in eu-central-1; there are no credentials of AWS here"):
        prepare_broker("sqs", tmp_path / "sqs", tmp_path, FreePorts())


@pytest.mark.parametrize("written", ["127.0.0.1:9324", "amqp://sqs:9324", "http://sqs:9324/queue"])
def test_addresses_that_are_none_are_refused(monkeypatch, written):
    monkeypatch.setenv(URL, written)
    with pytest.raises(CliError, match="ASYA_LOCAL_SQS_ENDPOINT is no address of an SQS; write it like http://127"):
        find_given()


def test_without_either_variable_none_is_given(monkeypatch):
    monkeypatch.delenv(URL, raising=False)
    monkeypatch.delenv(REGION, raising=False)
    assert find_given() is None
