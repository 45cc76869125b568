import importlib.util
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from hypothesis import given
from hypothesis import strategies as st

from asya_core.errors import (
    MessageTooLargeError,
    QueueConflictError,
    QueueMissingError,
    SettingsError,
    TransportRefusedError,
    TransportUnavailableError,
)
from asya_core.transports import open_transport
from asya_core.transports.sqs import bodies
from asya_core.transports.sqs.faults import of_entry, read_fault
from asya_core.transports.sqs.handshake import Opener
from asya_core.transports.sqs.polls import MOST_POLLS, Pace, longest_receive, next_receive
from asya_core.transports.sqs.queues import differences
from asya_core.transports.sqs.settings import Secrets, SqsSettings, read_secrets, settings_from

ALLOWED_BY_SQS = "\t\n\r\x20\ud7ff\ue000\ufffd\U00010000\U0010ffff"
REFUSED_BY_SQS = ["\x00", "\x0b", "\x1f", "\ufffe", "\uffff"]


def received(encoded):
    """Return a message as SQS hands it out."""
    return {"Body": encoded.text, "MessageAttributes": encoded.attributes}


@given(st.binary())
def test_any_bytes_come_back(body):
    assert bodies.decode(received(bodies.encode(body))) == (body, 0.0)


@given(st.text())
def test_any_text_comes_back_and_only_what_sqs_takes_travels_as_such(text):
    encoded = bodies.encode(text.encode("utf-8", "surrogatepass"))
    assert not any(letter in encoded.text for letter in REFUSED_BY_SQS)
    assert bodies.decode(received(encoded)).body == text.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("text", ['{"id": "a", "payload": "ü 😀"}', ALLOWED_BY_SQS.replace("\r", "")])
def test_text_that_sqs_takes_travels_as_it_is(text):
    assert bodies.encode(text.encode()) == (text, {}, len(text.encode()))


def test_a_message_counts_with_names_and_types_of_its_attributes():
    assert bodies.encode(b"\xff" * 100).size == len("-" + "asya.body" + "Binary") + 100


def test_what_other_producers_send_is_taken_as_it_is():
    attributes = {"trace": {"DataType": "String", "StringValue": "1"}}
    assert bodies.decode({"Body": "{}", "MessageAttributes": attributes}) == (b"{}", 0.0)
    assert bodies.decode({"Body": "ü"}) == ("ü".encode(), 0.0)


def test_a_due_time_that_is_no_number_is_none():
    attributes = {bodies.DUE: {"DataType": "String", "StringValue": "soon"}}
    assert bodies.decode({"Body": "{}", "MessageAttributes": attributes}).due == 0.0


@pytest.mark.parametrize(
    ("room", "busy", "under_way", "waited", "number"),
    [
        (1, 0, 0, False, 1),
        (9, 0, 0, False, 9),
        (100, 0, 0, False, 10),
        (1, 99, 0, False, 0),
        (1, 99, 0, True, 1),
        (10, 90, 0, False, 10),
        (10, 90, 1, False, 0),
        (0, 10, 0, True, 0),
    ],
)
def test_few_free_places_beside_many_wait_for_more(room, busy, under_way, waited, number):
    assert next_receive(room, busy, under_way, 1, waited=waited) == number


def test_receives_multiply_while_they_come_back_full_and_one_is_left_when_nothing_comes():
    pace, seen = Pace(), []
    for received_now in (10, 10, 10, 10, 4, 0):
        pace.learn(10, received_now)
        seen.append(pace.polls)
    assert seen == [2, 4, MOST_POLLS, MOST_POLLS, MOST_POLLS - 1, 1]


@pytest.mark.parametrize(
    ("number", "wait", "visibility", "seconds"), [(10, 20, 3600, 82), (10, 20, 60, 60), (1, 20, 60, 35), (10, 1, 5, 11)]
)
def test_receives_of_large_messages_have_time_while_these_can_be_ours(number, wait, visibility, seconds):
    assert int(longest_receive(number, wait, visibility)) == seconds


def refusal(code, status=400, operation="SendMessageBatch", message="words"):
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


@pytest.mark.parametrize(
    ("error", "kind", "ends_link", "words"),
    [
        (refusal("AWS.SimpleQueueService.NonExistentQueue"), QueueMissingError, False, "install its actor first"),
        (refusal("AWS.SimpleQueueService.QueueDeletedRecently"), TransportUnavailableError, False, "60 seconds later"),
        (refusal("QueueAlreadyExists"), QueueConflictError, False, "words"),
        (refusal("RequestThrottled"), TransportUnavailableError, False, "RequestThrottled"),
        (refusal("Odd", 503), TransportUnavailableError, False, "Odd"),
        (refusal("AccessDenied", 403), TransportRefusedError, False, "IAM policy"),
        (refusal("InvalidClientTokenId", 403), TransportRefusedError, True, "keys in the Secret"),
        (refusal("403", 403, message="<Error><Code>ExpiredToken</Code>"), TransportRefusedError, True, "ExpiredToken"),
        (refusal("AccessDenied", 403, "AssumeRoleWithWebIdentity"), TransportRefusedError, True, "AssumeRole"),
        (NoCredentialsError(), TransportRefusedError, True, "there are no keys"),
        (EndpointConnectionError(endpoint_url="x"), TransportUnavailableError, True, "can't be reached"),
        (TimeoutError(), TransportUnavailableError, True, "did not answer within 5 s"),
        (ValueError("odd"), TransportUnavailableError, True, "nobody foresaw"),
    ],
)
def test_a_failed_call_says_what_it_means(error, kind, ends_link, words):
    fault = read_fault(error, "SendMessageBatch", "SQS in nowhere", 5.0)
    assert type(fault.error) is kind or (kind is TransportRefusedError and isinstance(fault.error, kind))
    assert fault.ends_link is ends_link
    assert words in str(fault.error)


def test_one_message_of_a_batch_that_is_too_large_is_told_from_one_that_failed():
    too_large = {"Code": "InvalidParameterValue", "Message": "Message must be shorter than 1024 bytes"}
    assert isinstance(of_entry(too_large, "q"), MessageTooLargeError)
    assert isinstance(of_entry({"Code": "InternalError"}, "q"), TransportUnavailableError)


def test_attributes_are_compared_by_what_they_mean():
    policy = '{"maxReceiveCount":"1000","deadLetterTargetArn":"a"}'
    wanted = {"VisibilityTimeout": "60", "RedrivePolicy": '{"deadLetterTargetArn": "a", "maxReceiveCount": 1000}'}
    assert differences(wanted, {"VisibilityTimeout": "60", "RedrivePolicy": policy}) == ""
    assert differences(wanted, {"VisibilityTimeout": "30"}) == (
        "VisibilityTimeout is '30', not '60', RedrivePolicy is None, not '{\"deadLetterTargetArn\": \"a\", "
        '"maxReceiveCount": 1000}\''
    )


def test_settings_have_the_defaults_that_are_documented(tmp_path):
    settings = settings_from({"ASYA_SECRETS_DIR": str(tmp_path)})
    assert settings == SqsSettings("us-east-1", "", tmp_path, 60, 20)


@pytest.mark.parametrize(
    ("environ", "region"),
    [
        ({"ASYA_SQS_REGION": "eu-central-1", "AWS_REGION": "us-west-2"}, "eu-central-1"),
        ({"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-east-2"}, "us-west-2"),
        ({"AWS_DEFAULT_REGION": "us-east-2"}, "us-east-2"),
    ],
)
def test_the_region_is_ours_or_the_one_of_the_pod(tmp_path, environ, region):
    assert settings_from({"ASYA_SECRETS_DIR": str(tmp_path)} | environ).region == region


def test_all_mistakes_in_settings_are_named_at_once(tmp_path):
    (tmp_path / "AWS_ACCESS_KEY_ID").write_text("key")
    environ = {
        "ASYA_SECRETS_DIR": str(tmp_path),
        "ASYA_SQS_REGION": "Frankfurt",
        "ASYA_SQS_ENDPOINT": "sqs.local:9324",
        "ASYA_SQS_VISIBILITY_TIMEOUT": "1.5s",
        "ASYA_SQS_WAIT_TIME": "30s",
        "ASYA_SQS_TAGS": '{"asya.sh/owner": "me"}',
    }
    with pytest.raises(SettingsError) as caught:
        settings_from(environ)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "ASYA_SQS_REGION", "ASYA_SQS_ENDPOINT", "ASYA_SECRETS_DIR", "ASYA_SQS_VISIBILITY_TIMEOUT",
        "ASYA_SQS_WAIT_TIME", "ASYA_SQS_TAGS",
    ]  # fmt: skip


def test_secrets_are_not_shown(tmp_path):
    for name, value in {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "s1", "AWS_SESSION_TOKEN": "s2"}.items():
        (tmp_path / name).write_text(f"{value}\n")
    secrets = read_secrets(tmp_path)
    assert (secrets.key, secrets.secret, secrets.token) == ("key", "s1", "s2")
    assert "s1" not in repr(secrets)
    assert "s2" not in repr(secrets)


def test_without_its_library_the_transport_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"needs the package aiobotocore, .* install asya\[sqs\]"):
        open_transport("sqs", {})


@pytest.mark.parametrize(("name", "loads"), [("nats", False), ("rabbitmq", False), ("memory", False), ("sqs", True)])
def test_only_this_transport_loads_its_library(tmp_path, name, loads):
    program = (
        "import sys; from asya_core.transports import open_transport; "
        f"open_transport({name!r}, {{'ASYA_SECRETS_DIR': {str(tmp_path)!r}}}); "
        "print('aiobotocore' in sys.modules or 'aiohttp' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str(loads)


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "sqs.eu-central-1.amazonaws.com"),
        ("cn-north-1", "sqs.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "sqs.us-gov-west-1.amazonaws.com"),
        ("xx-future-1", "sqs.xx-future-1.amazonaws.com"),
    ],
)
async def test_every_region_has_its_address_without_the_list_of_all_endpoints(tmp_path, region, host):
    class AskedError(Exception):
        pass

    def look(request, **_):
        asked.append(request.url)
        raise AskedError

    asked: list[str] = []
    client = await Opener(SqsSettings(region, "", tmp_path, 60, 20))._client(Secrets("key", "secret"))
    client.meta.events.register("before-send.sqs", look)
    with pytest.raises(AskedError):
        await client.list_queues()
    await client.close()
    assert asked == [f"https://{host}/"]
