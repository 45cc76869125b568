"""What somebody who misspelt a handler on the command line probably meant."""

from __future__ import annotations

from pathlib import Path

MALFORMED = "handler_malformed"
NOT_FOUND = "handler_module_not_found"
NO_ATTRIBUTE = "handler_attribute_missing"

_FORM = "a handler is written module.function or module.Class.method"


def explain(code: str, handler: str, folder: Path) -> str | None:
    """Return a sentence on a handler that was not found in `folder`, or None where the runtime's own says more.

    `code` is the runtime's.
    """
    if _is_file(handler, folder):
        module = handler.removesuffix(".py").replace("/", ".")
        return f"{handler} is a file; {_FORM}; name a function in it: {module}.<function>"
    if code == MALFORMED and "/" in handler:
        return f"the handler {handler!r} is a path; {_FORM}; did you mean {_dotted(handler)}?"
    if code == NOT_FOUND:
        module = handler.split(".", maxsplit=1)[0]
        return f'no module named "{module}" in {folder}, nor installed; run it where {module}.py lies'
    return None


def _is_file(handler: str, folder: Path) -> bool:
    return handler.endswith(".py") and (folder / handler).is_file()


def _dotted(path: str) -> str:
    """Turn `text/plain.py:process` and the like into `text.plain.process`."""
    return path.removeprefix("./").replace(".py", "").replace(":", ".").replace("/", ".").strip(".")
