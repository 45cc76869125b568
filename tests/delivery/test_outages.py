"""A service that the handler needs goes away for a while: one message tries at a time, and none fails for it."""

import contextlib
import http.server
import itertools
import json
import threading
import time

import pytest

from tests.delivery.place import SOON
from tests.delivery.pod import Pod
from tests.transport.parties import eventually

pytestmark = pytest.mark.timeout(300)

COUNT = 200
TRIES = 4
AFTER = 5
RETRY_AFTER = 1.0
RESILIENCY = json.dumps({
    "policies": {
        "service": {
            "maxAttempts": 2, "maxDuration": "10m", "initialDelay": "100ms", "backoff": "constant", "breaker": AFTER,
        },
    },
    "rules": [{"errors": ["OutError"], "policy": "service"}],
})  # fmt: skip


class Service(http.server.ThreadingHTTPServer):
    """Answers 503 to so many requests, and then 200."""

    daemon_threads = True

    def __init__(self, outage):
        super().__init__(("127.0.0.1", 0), Answers)
        self.outage = outage
        self.refused = []


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        is_out = len(self.server.refused) < self.server.outage
        if is_out:
            self.server.refused.append(time.monotonic())
        self.send_response(503 if is_out else 200)
        self.send_header("Retry-After", str(RETRY_AFTER))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def service(outage):
    with Service(outage) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


async def test_an_outage_burns_no_more_than_one_attempt_of_any_message(place):
    outlet, errors = await place.outlet("b"), await place.outlet("error-end")
    names = [f"m{number}" for number in range(COUNT)]
    with service(AFTER + TRIES) as server:
        for name in names:
            await place.send(name, port=server.server_port)
        async with Pod(place, "only", "steps.call_service", ASYA_RESILIENCY=RESILIENCY):
            await outlet.has(names, 2 * SOON)
            await eventually(place.is_empty, SOON)
        refused = server.refused
    assert errors.ids == []  # a second attempt that fails is the last
    tries = refused[AFTER - 1 :]
    assert len(tries) == 1 + TRIES
    assert all(later - earlier >= RETRY_AFTER for earlier, later in itertools.pairwise(tries))
    assert sorted(outlet.ids) == sorted(names)
