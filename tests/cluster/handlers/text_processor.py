"""What a data scientist writes."""

import time


def process(payload):
    return {**payload, "length": len(payload["text"])}


def ponder(payload):
    time.sleep(payload["seconds"])
    return process(payload)
