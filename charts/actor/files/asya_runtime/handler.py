

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from asya_runtime.batching import Outcome, outcomes
from asya_runtime.encoding import Codec, choose
from asya_runtime.errors import PARSING, RESULT, InvocationError, type_name

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

ENVELOPE = "envelope"
_WHOLE = "result"
_FEW = 8
Emit = Callable[[bytes], Awaitable[None]]


class Handler:






    def __init__(
        self,
        call: Callable[[Any], Any],
        mode: str,
        loop: AbstractEventLoop | None = None,
        codec: Codec | None = None,
        *,
        batched: bool = False,
    ) -> None:
        self.call = call
        self.mode = mode
        self.loop = loop
        self.codec = codec or choose()
        self.batched = batched

    def argument(self, meta: bytes, payload: bytes) -> object:




        value = self.codec.decode(payload)
        if self.mode != ENVELOPE:
            return value
        envelope = self.codec.decode(meta)
        if not isinstance(envelope, dict):
            raise InvocationError(PARSING, "the envelope is not a JSON object")
        envelope["payload"] = value
        return envelope

    def results(self, argument: object) -> Iterable[bytes]:




        return self._encoded(self.call(argument))

    async def results_to(self, emit: Emit, argument: object) -> Iterable[bytes]:




        result = self.call(argument)
        if hasattr(type(result), "__await__"):
            result = await result
        if isinstance(result, Generator):
            for item in self._yielded(result):
                await emit(item)
            return ()
        if not hasattr(type(result), "__aiter__"):
            return self._encoded(result)
        index = 0
        try:
            async for value in result:
                await emit(self.codec.encode(value, f"yielded[{index}]"))
                index += 1
        finally:
            if hasattr(result, "aclose"):
                await result.aclose()
        return ()

    def batch(self, arguments: list[object]) -> list[Outcome]:




        return outcomes(self.call(arguments), len(arguments), self._encoded)

    async def batch_later(self, arguments: list[object]) -> list[Outcome]:

        result = self.call(arguments)
        if hasattr(type(result), "__await__"):
            result = await result
        return outcomes(result, len(arguments), self._encoded)

    def invoke(self, payload: bytes, meta: bytes = b"{}") -> list[bytes]:





        try:
            argument = self.argument(meta, payload)
            return self._invoke_batch(argument) if self.batched else self._invoke_single(argument)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise InvocationError.of(error) from error

    def _invoke_single(self, argument: object) -> list[bytes]:
        if self.loop is None:
            return list(self.results(argument))
        items: list[bytes] = []

        async def collect(item: bytes) -> None:
            items.append(item)

        items.extend(self.loop.run_until_complete(self.results_to(collect, argument)))
        return items

    def _invoke_batch(self, argument: object) -> list[bytes]:
        later = self.batch_later
        (outcome,) = self.loop.run_until_complete(later([argument])) if self.loop else self.batch([argument])
        if isinstance(outcome, InvocationError):
            raise outcome
        return outcome

    def close(self) -> None:

        if self.loop is not None and not self.loop.is_closed():
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()

    def _encoded(self, result: object, where: str = _WHOLE) -> Iterable[bytes]:
        encode = self.codec.encode
        if type(result) is dict:
            return (encode(result, where),)
        if result is None:
            return ()
        if isinstance(result, (list, tuple)):

            items = (encode(entry, f"{where}[{index}]") for index, entry in enumerate(result))

            return list(items) if len(result) <= _FEW else [bytes(memoryview(item)) for item in items]
        if isinstance(result, Generator):
            return self._yielded(result)
        _refuse_unfinished(result, where)
        return (encode(result, where),)

    def _yielded(self, values: Generator[object, None, None]) -> Iterator[bytes]:
        try:
            for index, value in enumerate(values):
                yield self.codec.encode(value, f"yielded[{index}]")
        finally:
            with suppress(Exception):
                values.close()


def _refuse_unfinished(result: object, where: str) -> None:

    kind = type(result)
    if not (hasattr(kind, "__await__") or hasattr(kind, "__aiter__")):
        return
    if hasattr(result, "close"):
        result.close()
    sentence = (
        f"the handler is a plain function, but it returned a {type_name(kind)}, which must be awaited; "
        "declare the handler with async def"
    )
    if where != _WHOLE:
        sentence = f"{where} is a {type_name(kind)}, which must be awaited before it is returned"
    raise InvocationError(RESULT, sentence)
