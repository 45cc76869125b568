

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import traceback

PROCESSING, RESULT, PARSING = "processing_error", "result_error", "msg_parsing_error"
TIMEOUT, CANCELLED = "timeout_error", "cancelled_error"


EXIT_HANDLER, EXIT_SETTINGS, EXIT_SOCKET = 1, 2, 3
EXIT_DESCRIPTORS = 76

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
_IMPORTLIB = os.path.dirname(os.path.abspath(os.__file__)) + os.sep + "importlib" + os.sep
_MESSAGE_MAX, _TRACEBACK_MAX, _NAME_MAX = 8192, 65536, 256


class StartError(Exception):


    def __init__(self, code: str, message: str, user_traceback: str = "", exit_code: int = EXIT_HANDLER) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.traceback = user_traceback
        self.exit_code = exit_code

    def tell(self) -> None:

        sys.stderr.write(f"{self.traceback}error: {self.message} [{self.code}]\n")


class InvocationError(Exception):





    def __init__(self, code: str, message: str, cause: BaseException | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.type = type_name(type(cause)) if cause else ""
        self.mro = bases(type(cause)) if cause else []
        self.traceback = user_traceback(cause) if cause else ""
        self.place = _place(cause) if cause else ""
        self.retry_after = retry_after(cause) if cause else None

    @classmethod
    def of(cls, error: BaseException) -> InvocationError:

        if isinstance(error, InvocationError):
            return error
        try:
            return cls(PROCESSING, text(error) or f"{type(error).__name__}, without a message", error)
        except BaseException:
            return cls(PROCESSING, "the handler raised an exception that fails when it is looked at")

    def summary(self) -> str:

        return " ".join(part for part in (self.code, self.type, self.place and f"at {self.place}") if part)

    def fields(self) -> dict[str, object]:

        fields: dict[str, object] = {
            "code": self.code,
            "message": cut(self.message, _MESSAGE_MAX),
            "type": self.type[:_NAME_MAX],
            "mro": [name[:_NAME_MAX] for name in self.mro[:32]],
            "traceback": cut(self.traceback, _TRACEBACK_MAX),
        }
        if self.retry_after is not None:
            fields["retry_after"] = self.retry_after
        return fields

    def body(self, limit: int) -> bytes:

        fields = self.fields()
        body = dump(fields)
        if len(body) > limit:
            fields.update(mro=[], traceback="", message=cut(self.message, 256))
            body = dump(fields)
        return body


def timed_out(limit_ns: int) -> InvocationError:

    return InvocationError(TIMEOUT, f"the handler was ended after {limit_ns / 10**9:g} s, its timeout")


def dump(fields: dict[str, object]) -> bytes:

    import json

    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def cut(value: str, most: int) -> str:

    if len(value) <= most:
        return value
    half = (most - 48) // 2
    return f"{value[:half]}\n... {len(value) - 2 * half} characters left out ...\n{value[-half:]}"


def text(error: BaseException) -> str:

    try:
        return str(error)
    except BaseException as broken:
        return f"(str() of this {type(error).__name__} raised {type(broken).__name__})"


def type_name(cls: type) -> str:

    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def bases(cls: type) -> list[str]:

    return [type_name(base) for base in cls.__mro__[1:] if base not in (object, BaseException)]


def retry_after(error: BaseException) -> float | None:

    try:
        value: Any = getattr(error, "retry_after", None)
        if hasattr(value, "total_seconds"):
            value = value.total_seconds()
        seconds = float(value) if isinstance(value, (int, float, str)) else -1.0
    except Exception:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def user_traceback(error: BaseException) -> str:

    import traceback

    summary = traceback.TracebackException.from_exception(error)
    _strip(summary, set())
    return "".join(summary.format()) if summary.stack else "".join(summary.format_exception_only())


def _strip(summary: traceback.TracebackException, seen: set[int]) -> None:

    if id(summary) in seen:
        return
    seen.add(id(summary))
    frames = list(summary.stack)
    while frames and _is_ours(frames[0].filename):
        del frames[0]
    summary.stack[:] = [frame for frame in frames if not frame.filename.startswith(_OURS)]
    chained = [summary.__cause__, summary.__context__, *(getattr(summary, "exceptions", None) or ())]
    for other in chained:
        if other is not None:
            _strip(other, seen)


def _is_ours(filename: str) -> bool:
    return filename.startswith((_OURS, _IMPORTLIB, "<frozen importlib"))


def _place(error: BaseException) -> str:
    import traceback

    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_ours(frame.filename)]
    return f"{frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
