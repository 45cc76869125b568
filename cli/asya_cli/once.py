"""One call of a handler in this process, with the runtime that runs it in production, and no broker.

What the handler prints goes to stderr, so that stdout holds the result and nothing else.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from asya_cli.assets import find_assets
from asya_cli.errors import FAILED, CliError, MisuseError
from asya_cli.misspelling import MALFORMED, NO_ATTRIBUTE, NOT_FOUND, explain

ENVELOPE = "envelope"

_MISSPELT = {MALFORMED, NOT_FOUND, NO_ATTRIBUTE, "handler_not_callable"}
_NOT_JSON = "msg_parsing_error"
_BATCH_SIZE = "ASYA_BATCH_MAX_SIZE"
_ALONE = "note: the handler takes a list of messages, so it got a list of this one; set batch.maxSize for it"


@dataclass(frozen=True, slots=True)
class Call:
    """What to call, with what, and for how long at most (seconds; None: as long as it takes)."""

    handler: str
    argument: bytes
    mode: str = "payload"
    timeout: float | None = None


def call_handler(
    call: Call, folder: Path, environ: Mapping[str, str], ending: Callable[[int], None] = lambda _: None
) -> list[bytes]:
    """Import the handler from `folder`, call it once, and return its results as JSON, as they would be sent on.

    None, or an empty list, gives no result. A handler of batches gets a list of this one message. `ending` is called
    with the exit code before the time limit ends the process. Raises MisuseError where the handler is misspelt or the
    argument is neither JSON nor, in envelope mode, an envelope that an actor takes; CliError with the user's own
    traceback for what their code raised.
    """
    meta, payload = _parts(call)
    runtime = _Runtime(folder)
    with _stdout_to_stderr(), _limited(call.timeout, ending):
        try:
            handler = runtime.load(call.handler, environ, call.mode, _batch_size(environ))
            if _takes_a_batch(call, environ) and runtime.can_batch(handler.call):
                handler.batched = True
                sys.stderr.write(f"{_ALONE}\n")
            results: list[bytes] = handler.invoke(payload, meta)
        except runtime.load_error as error:
            raise _load_failure(error, call.handler, folder) from None
        except runtime.call_error as error:
            raise _call_failure(error) from None
        finally:
            sys.stdout.flush()
    if call.mode == ENVELOPE:
        for result in results:
            _check_route(meta, payload, result)
    return results


class _Runtime:
    """The runtime's own loader, found as its image lays it out: the user's folder first, the runtime's last."""

    def __init__(self, folder: Path) -> None:
        runtime = str(find_assets().runtime)
        # Without what this program's own start has put there: the same folder, or a checkout's.
        sys.path[:] = [str(folder), *(path for path in sys.path if path not in (str(folder), runtime)), runtime]
        errors = importlib.import_module("asya_runtime.errors")
        self.load: Any = importlib.import_module("asya_runtime.loader").load
        self.can_batch: Any = importlib.import_module("asya_runtime.batch_handler").can_batch
        self.load_error: type[Exception] = errors.StartError
        self.call_error: type[Exception] = errors.InvocationError


def _batch_size(environ: Mapping[str, str]) -> int:
    """Return what batch.maxSize would set, 1 where nobody set it; raise MisuseError for what the runtime refuses."""
    written = environ.get(_BATCH_SIZE, "").strip() or "1"
    if not (written.isascii() and written.isdigit() and int(written) >= 1):
        raise MisuseError(f"{_BATCH_SIZE} is {written!r}; it must be a whole number from 1 on")
    return int(written)


def _takes_a_batch(call: Call, environ: Mapping[str, str]) -> bool:
    """Tell whether a handler of lists can only mean a batch: nobody said otherwise, and the message is no list."""
    return not environ.get(_BATCH_SIZE) and (call.mode == ENVELOPE or not isinstance(json.loads(call.argument), list))


def _parts(call: Call) -> tuple[bytes, bytes]:
    """Return what the runtime is given: meta and payload."""
    if call.mode != ENVELOPE:
        return b"{}", call.argument
    envelope = _as_envelope(json.loads(call.argument), call.handler)
    _check_given(_dump(envelope))
    payload = envelope.pop("payload")
    return _dump(envelope), _dump(payload)


def _as_envelope(value: Any, handler: str) -> dict[str, Any]:
    """Return the envelope that was given, or one around the payload that was given."""
    whole = value if isinstance(value, dict) and "payload" in value and "route" in value else {"payload": value}
    actor = handler.split(".", maxsplit=1)[0].replace("_", "-")
    return {"id": "asya-run", "route": {"actors": [actor], "current": 0}, **whole}


def _check_given(body: bytes) -> None:
    """Raise MisuseError for an envelope that no sidecar would give to a handler."""
    envelopes = importlib.import_module("asya_core.envelope")
    limits = importlib.import_module("asya_core.limits").Limits()
    errors = importlib.import_module("asya_core.errors")
    routes = importlib.import_module("asya_core.route")
    try:
        route = envelopes.decode(body, limits).route
        problem = routes.problem_with_route(route)
    except errors.EnvelopeError as error:
        problem = str(error)
    else:
        if not problem and routes.next_actor(route) is None:
            problem = f"route.current: {route.current} is the end of the route, where no handler is left"
    if problem:
        raise MisuseError(f"an actor would refuse the given envelope; {problem}; correct the argument")


def _check_route(meta: bytes, payload: bytes, result: bytes) -> None:
    """Hold the result against the rules that the sidecar holds it against."""
    envelopes = importlib.import_module("asya_core.envelope")
    limits = importlib.import_module("asya_core.limits").Limits()
    errors = importlib.import_module("asya_core.errors")
    try:
        original = envelopes.decode(meta[:-1] + b',"payload":' + payload + b"}", limits)
        importlib.import_module("asya_core.route").check_edit(original, envelopes.decode(result, limits))
    except errors.EnvelopeError as error:
        raise CliError(f"the handler's envelope would be refused; {error}; change the handler") from None


@contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """Send to stderr whatever is written to stdout, by subprocesses and by libraries in C as well."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


@contextmanager
def _limited(timeout: float | None, ending: Callable[[int], None]) -> Iterator[None]:
    """End the whole process when the time is up: code that does not return can't be made to."""
    if timeout is None:
        yield
        return

    def end(_: int, frame: FrameType | None) -> None:
        stack = "".join(_user_frames(traceback.extract_stack(frame)))
        os.write(2, f"{stack}error: {too_slow(timeout)}\n".encode("utf-8", "backslashreplace"))
        ending(FAILED)
        os._exit(FAILED)

    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    # For code that never comes back to Python, where no signal handler runs.
    faulthandler.dump_traceback_later(timeout + 1.0, exit=True)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()


def too_slow(timeout: float) -> str:
    """Return the sentence about a handler that was ended at its time limit, below the place where it was."""
    return f"the handler still ran after {timeout:g} s, at the place shown above; raise --timeout or make it faster"


def _user_frames(stack: Sequence[traceback.FrameSummary]) -> list[str]:
    """Format the frames below the last of the runtime's."""
    ours = [index for index, frame in enumerate(stack) if Path(frame.filename).parent.name == "asya_runtime"]
    return traceback.format_list(list(stack)[ours[-1] + 1 if ours else 0 :])


def _load_failure(error: Any, handler: str, folder: Path) -> CliError:
    if error.code in (MALFORMED, NOT_FOUND, NO_ATTRIBUTE) and (sentence := explain(error.code, handler, folder)):
        return MisuseError(sentence)
    kind = MisuseError if error.code in _MISSPELT else CliError
    return kind(str(error.message), detail=error.traceback.rstrip())


def _call_failure(error: Any) -> CliError:
    if error.code == _NOT_JSON:
        return MisuseError(f"{error.message}; correct the argument")
    if error.traceback:
        return HandlerRaisedError(error.message, detail=error.traceback.rstrip())
    return CliError(f"{error.message}; change what the handler returns")


class HandlerRaisedError(CliError):
    """The handler raised; its traceback, in `detail`, says it all."""


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
