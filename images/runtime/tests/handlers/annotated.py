"""Annotations of the first parameter, as text and otherwise: for batches the names that begin with `takes`."""

from __future__ import annotations

import collections.abc
import functools
import typing
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Dict, List

if TYPE_CHECKING:
    from somewhere import Payload

Messages = List[Dict[str, Any]]


def takes_list(payloads: list[dict]) -> list[dict | None]: ...


def takes_bare_list(payloads: list): ...


def takes_typing_list(payloads: List[Any]): ...


def takes_list_of_typing(payloads: typing.List[Any]): ...


def takes_sequence(payloads: Sequence[dict]): ...


def takes_sequence_of_abc(payloads: collections.abc.Sequence[dict]): ...


def takes_what_a_type_checker_sees(payloads: list[Payload]): ...


def takes_newer_syntax(payloads: list[dict | None], more: int = 1): ...


def takes_quoted_list(payloads: "list[Payload]"): ...


def takes_alias(payloads: Messages): ...


async def takes_list_later(payloads: list[dict]): ...


def counted(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


@counted
def takes_list_below_a_decorator(payloads: list[dict]): ...


class Model:
    def takes_list(self, payloads: list[dict]): ...

    @staticmethod
    def takes_list_statically(payloads: list[dict]): ...

    @classmethod
    def takes_list_by_class(cls, payloads: list[dict]): ...

    def one(self, payload: dict): ...


class Called:
    def __call__(self, payloads: list[dict]): ...


takes_called = Called()
takes_partial = functools.partial(takes_newer_syntax, more=2)


def without(payload): ...


def one(payload: dict[str, list[int]]): ...


def any_of(payload: Any): ...


def text(payload: str): ...


def unknown(payload: Payload): ...


def several(*payloads: dict): ...


def optional(payload: list[dict] | None): ...


def second(payload: dict, others: list[dict] = ()): ...


def yields(payloads: list[dict]):
    yield from payloads


async def yields_later(payloads: list[dict]):
    for payload in payloads:
        yield payload


class Yielding:
    def __call__(self, payloads: list[dict]):
        yield from payloads


an_object_that_yields = Yielding()
