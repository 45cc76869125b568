"""What is told of a plain function at a glance agrees with what the module inspect says."""

from __future__ import annotations

import functools
import inspect
from types import MethodType

import pytest

from asya_runtime.plain import is_async, takes_one


class Holder:
    def method(self, payload):
        pass

    def two(self, payload, other):
        pass

    def all(self, *payloads):
        pass

    async def later(self, payload):
        pass

    @staticmethod
    def static(payload):
        pass

    @classmethod
    def of_class(cls, payload, *, other=None):
        pass

    def __call__(self, payload):
        pass


def none():
    pass


class Later:
    async def __call__(self, payload):
        pass


def marked(payload):
    pass


marked.__dict__["__signature__"] = inspect.Signature()


async def yields(payload):
    yield payload


def default(payload=None, other=None):
    pass


def keyword(payload, *, other):
    pass


def only_keywords(**payload):
    pass


def wrapped(function):
    def call(*values):
        function(*values)

    return functools.wraps(function)(call)


HOLDER = Holder()
TARGETS = [
    MethodType(none, HOLDER), HOLDER.method, HOLDER.two, HOLDER.all, HOLDER.later, HOLDER.static, HOLDER.of_class,
    HOLDER, Later(), Holder.method, marked, yields, default, keyword, only_keywords, wrapped(default),
    wrapped(HOLDER.two), functools.partial(keyword, other=1), functools.partial(HOLDER.later), len, print, lambda: None,
]  # fmt: skip


def name(target):
    """Return a name that is the same in every process."""
    return getattr(target, "__qualname__", type(target).__name__)


def takes(target):
    try:
        inspect.signature(target).bind(None)
    except (TypeError, ValueError):
        return False
    return True


@pytest.mark.parametrize("target", TARGETS, ids=name)
def test_whoever_surely_takes_one_argument_does(target):
    assert takes(target) or not takes_one(target)


@pytest.mark.parametrize("target", [HOLDER.method, HOLDER.all, HOLDER.static, default, yields, lambda payload: payload])
def test_a_plain_function_needs_no_closer_look(target):
    assert takes_one(target)


@pytest.mark.parametrize("target", TARGETS, ids=name)
def test_async_is_what_inspect_calls_async(target):
    called = type(target).__call__
    kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction)

    assert is_async(target) == any(kind(one) for kind in kinds for one in (target, called))
