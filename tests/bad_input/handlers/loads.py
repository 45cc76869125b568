"""Handlers that can't be loaded, each for its own reason."""

from __future__ import annotations


def process(payload):
    return payload


def two(payload, other):
    return payload, other


def each_of(payloads: list):
    yield from payloads


NUMBER = 5


class Good:
    def __init__(self, threshold: float = 0.5):
        self.threshold = threshold

    def process(self, payload):
        return payload


class Needy(Good):
    def __init__(self, model_path):
        super().__init__(model_path)


class Broken(Good):
    def __init__(self):
        raise FileNotFoundError("/models/model.bin")


class Leaving(Good):
    def __init__(self):
        raise SystemExit("no model")


class Strange(Good):
    def __init__(self, ratio: complex = 0j):
        super().__init__(abs(ratio))
