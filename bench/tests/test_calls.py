"""Counting calls on their way."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bench.calls import CallCounter, Tally

CALL = b"POST / HTTP/1.1\r\nHost: there\r\nX-Amz-Target: AmazonSQS.%b\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_every_call_is_counted_once_wherever_the_network_cuts_it(size):
    stream = b"".join(CALL % action for action in (b"ReceiveMessage", b"SendMessageBatch", b"ReceiveMessage"))
    counts = Counter()
    tally = Tally(counts)
    for start in range(0, len(stream), size):
        tally.feed(stream[start : start + size])
    assert counts == {"ReceiveMessage": 2, "SendMessageBatch": 1}


def test_bytes_pass_through_both_ways_and_are_counted():
    class Answers(BaseHTTPRequestHandler):
        def do_POST(self):  # the library's name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.upper())

        def log_message(self, *_words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with CallCounter() as counter:
            address = counter.lead(f"http://127.0.0.1:{server.server_port}").removeprefix("http://")
            connection = http.client.HTTPConnection(address, timeout=10)
            connection.request("POST", "/", b"hello", {"X-Amz-Target": "AmazonSQS.SendMessage"})
            assert connection.getresponse().read() == b"HELLO"
            connection.close()
            assert counter.counts == {"SendMessage": 1}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
