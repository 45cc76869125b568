"""The end actors store each result once, in a bucket."""

from __future__ import annotations

import http.client

import pytest

from asya_core.objects import open_store
from tests.cluster.brokers import AWS
from tests.cluster.place import NODE
from tests.cluster.processes import wait_until
from tests.cluster.test_install import ACTOR, ALWAYS

pytestmark = [pytest.mark.needs("helm"), pytest.mark.timeout(600)]

KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
}
VALUES = """
store: {{url: "s3://{bucket}/asya"}}
scaling: {{enabled: false}}
secretRefs:
- secretName: store
  keys: [{keys}]
"""


@pytest.fixture
def bucket(cluster, namespace):
    """A bucket in the stand-in for S3, and a Secret with which pods enter it."""
    name = f"results-{namespace}"
    connection = http.client.HTTPConnection(NODE, AWS, timeout=10)
    connection.request("PUT", f"/{name}")
    assert connection.getresponse().status == 200
    connection.close()
    inside = {**KEYS, "AWS_ENDPOINT_URL": f"http://aws.aws.svc.cluster.local:{AWS}"}
    metadata = {"name": "store", "namespace": namespace}
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": inside})
    return name


def test_each_result_is_stored_once(bucket, install, queues, monkeypatch):
    names = [*KEYS, "AWS_ENDPOINT_URL"]
    keys = ", ".join(f"{{key: {name}, envVar: {name}}}" for name in names)
    install("crew", "crew", VALUES.format(bucket=bucket, keys=keys))
    install(ACTOR, "actor", ALWAYS)

    sent = queues.send([ACTOR], b'{"text": "hello"}', count=50)

    for name, value in {**KEYS, "AWS_ENDPOINT_URL": f"http://{NODE}:{AWS}"}.items():
        monkeypatch.setenv(name, value)
    store = open_store(f"s3://{bucket}/asya")
    stored = wait_until("50 results", lambda: results(store) if len(results(store)) == 50 else None, 120)
    assert sorted(stored) == sorted(sent)


def results(store):
    """Return the ids of what is stored as a result."""
    return [key.rpartition("/")[2].removesuffix(".0.json") for key in store.list("happy-asya/")]
