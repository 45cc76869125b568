"""KEDA starts pods when messages come, and takes them away when they are done."""

from __future__ import annotations

import pytest

from tests.cluster.processes import wait_until
from tests.cluster.test_install import ACTOR

pytestmark = [pytest.mark.needs("helm"), pytest.mark.timeout(600)]

SCALING = "scaling: {pollingInterval: 2, cooldownPeriod: 10, queueLength: 5, maxReplicaCount: 4}\n"
SLOW = "image: localhost/text-processor:1\nhandler: text_processor.ponder\n"


def test_an_actor_goes_from_zero_to_several_pods_and_back(releases, install, queues):
    install(ACTOR, "actor", SLOW + SCALING)
    queues.ensure("next")
    wait_until("the end of the pod with which every Deployment begins", lambda: not releases.pods(ACTOR), 120)

    queues.send([ACTOR, "next"], b'{"text": "hello", "seconds": 1}', count=60)

    wait_until("four pods", lambda: len(releases.pods(ACTOR)) == 4, 120)
    wait_until("60 results", lambda: queues.depth("next").total == 60, 120)
    wait_until("the end of all pods", lambda: not releases.pods(ACTOR), 240)
    assert queues.depth(ACTOR).total == 0


def test_the_last_busy_pod_stays_though_the_queue_is_empty(releases, install, queues):
    install("thinker", "actor", SLOW + SCALING)
    queues.ensure("thought")

    queues.send(["thinker", "thought"], b'{"text": "hello", "seconds": 40}')

    (pod,) = wait_until("a pod", lambda: releases.pods("thinker"), 60)
    wait_until("the result", lambda: queues.depth("thought").total == 1, 120)
    assert [each["metadata"]["name"] for each in releases.pods("thinker")] == [pod["metadata"]["name"]]
