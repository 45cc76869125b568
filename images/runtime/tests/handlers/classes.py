"""Handlers that are methods."""

from __future__ import annotations

from pathlib import Path
from typing import Optional


class Counter:
    def __init__(self, start: int = 0, step: int = 1, model_path: Path = Path("/models"), label: Optional[str] = None):
        print(f"built with {start} {step}")
        self.value = start
        self.step = step
        self.model_path = model_path
        self.label = label

    def process(self, payload):
        self.value += self.step
        return {"value": self.value, "model_path": self.model_path, "label": self.label}

    def count(self, payload):
        yield self.value
        yield self.value + 1

    async def process_later(self, payload):
        return self.process(payload)

    @staticmethod
    def static(payload):
        return ["static"]

    @classmethod
    def named(cls, payload):
        return {"class": cls.__name__}

    number = 5


class Needy:
    def __init__(self, model_path, threshold: float = 0.5, *, device):
        pass

    def process(self, payload):
        return payload


class Broken:
    def __init__(self):
        raise ValueError("no model there")

    def process(self, payload):
        return payload


class Leaving:
    def __init__(self):
        raise SystemExit(2)

    def process(self, payload):
        return payload


class Outer:
    class Inner:
        def process(self, payload):
            return "inner"


class Callable:
    def __call__(self, payload):
        return "called"

    def method(self, payload):
        return "method of an object"


class AsyncCallable:
    async def __call__(self, payload):
        return "called later"


an_object = Callable()
an_async_object = AsyncCallable()
