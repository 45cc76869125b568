"""An actor is installed from the chart repository, works, and goes."""

from __future__ import annotations

import json

import pytest

from tests.cluster.brokers import PASSWORD
from tests.cluster.processes import wait_until

pytestmark = [pytest.mark.needs("helm"), pytest.mark.timeout(600)]

ACTOR = "text-processor"
VALUES = "image: localhost/text-processor:1\nhandler: text_processor.process\n"
ALWAYS = VALUES + "scaling: {enabled: false}\n"
LOOK = """
import json, os, pathlib
found = [text for file in pathlib.Path("/proc").glob("[0-9]*/environ") for text in [file.read_bytes().decode()]]
mounts = pathlib.Path("/proc/self/mounts").read_text()
print(json.dumps({"environments": found, "mounts": mounts, "user": os.getuid()}))
"""


@pytest.fixture
def pod(install, releases):
    """The one pod of an actor that runs all the time."""
    install(ACTOR, "actor", ALWAYS)
    return releases.wait_ready(ACTOR)


@pytest.mark.usefixtures("pod")
def test_messages_go_through_an_installed_actor_and_its_test_passes(releases, queues):
    queues.ensure("next")

    queues.send([ACTOR, "next"], b'{"text": "hello"}', count=40)

    wait_until("40 results", lambda: queues.depth("next").total == 40, 60)
    assert queues.depth(ACTOR).total == 0
    assert "Succeeded" in releases.test(ACTOR)


@pytest.mark.usefixtures("pod")
def test_the_queue_outlives_the_release(releases, queues):
    releases.uninstall(ACTOR)

    assert queues.exists(ACTOR)


def test_the_queue_goes_with_the_release_where_that_is_asked_for(install, releases, queues):
    install("leaver", "actor", ALWAYS + "queues: {deleteOnUninstall: true}\n")
    releases.wait_ready("leaver")  # the kernel drops what is sent to a first process before its Python runs
    assert queues.exists("leaver")

    releases.uninstall("leaver")

    wait_until("the end of the queue", lambda: not queues.exists("leaver"), 60)


def test_a_handlers_container_finds_no_credential(releases, pod):
    found = json.loads(releases.run(pod, "python3", "-c", LOOK))

    assert found["user"] == 65532
    assert found["environments"]
    assert PASSWORD not in "".join(found["environments"])
    assert "secrets" not in found["mounts"]


@pytest.mark.usefixtures("pod")
def test_an_upgrade_under_load_loses_nothing(releases, queues):
    queues.ensure("upgraded")
    queues.send([ACTOR, "upgraded"], b'{"text": "before"}', count=200)

    releases.upgrade(ACTOR, "--set", "concurrency=4")
    queues.send([ACTOR, "upgraded"], b'{"text": "after"}', count=200)

    wait_until("the end of its queue", lambda: queues.depth(ACTOR).total == 0, 120)
    assert queues.depth("upgraded").total == 400
