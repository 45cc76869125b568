"""An annotation that is evaluated late by Python 3.14, and quoted for all others."""

from typing import TYPE_CHECKING, List

if TYPE_CHECKING:
    from somewhere import Payload


def takes_quoted(payloads: "List[Payload]"): ...


def takes_quoted_inside(payloads: List["Payload"]): ...
