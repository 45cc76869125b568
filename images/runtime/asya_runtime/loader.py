"""Finds the handler that `module.function` or `module.Class.method` names, and builds its class once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import PathFinder
from importlib.util import find_spec
from keyword import iskeyword
from types import ModuleType
from typing import TYPE_CHECKING, Any

from asya_runtime.errors import StartError, text, user_traceback
from asya_runtime.handler import Handler
from asya_runtime.plain import is_async, takes_one

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

_PARTS_MIN = 2


def load(path: str, environ: Mapping[str, str], mode: str = "payload", batch_size: int = 1) -> Handler:
    """Return the handler that `path` names, ready to be invoked.

    `environ` fills the parameters of a class's `__init__`. The class of an async handler is built while its event loop
    runs. A `batch_size` above 1 means that the handler is called with lists of up to so many messages. Raises
    StartError with one of the codes `handler_malformed`, `handler_module_not_found`, `handler_module_hidden`,
    `handler_import_failed`, `handler_attribute_missing`, `handler_not_callable`, `handler_arguments`,
    `parameter_without_default`, `parameter_invalid`, `constructor_failed`, `batch_generator`, `batch_annotation`.
    """
    parts = _split(path)
    module, names = _import(parts)
    owner, target = _find(module, names)
    _refuse_uncallable(path, target)
    loop = _event_loop() if is_async(target) else None
    try:
        if isinstance(owner, type):
            target = getattr(_build(owner, environ, loop), names[-1])
        _refuse_wrong_arguments(path, target)
        if batch_size > 1:
            from asya_runtime.batch_handler import refuse_for_batches

            refuse_for_batches(path, target, batch_size)
    except StartError:
        if loop is not None:
            loop.close()
        raise
    return Handler(target, mode, loop, batched=batch_size > 1)


def _split(path: str) -> list[str]:
    parts = path.split(".")
    if len(parts) < _PARTS_MIN or not all(part.isidentifier() and not iskeyword(part) for part in parts):
        hint = f'; did you mean "{path.replace(":", ".")}"?' if ":" in path else ""
        sentence = f'the handler "{path}" is not of the form module.function or module.Class.method{hint}'
        raise StartError("handler_malformed", sentence)
    return parts


def _import(parts: list[str]) -> tuple[ModuleType, list[str]]:
    """Import as many leading parts as are modules, but leave at least one; return the module and the rest."""
    if not _is_module(parts[0]):
        sentence = f'no module named "{parts[0]}"; Python looked in {", ".join(sys.path)}'
        raise StartError("handler_module_not_found", sentence)
    _refuse_hidden(parts[0])
    module = _import_one(parts[0])
    used = 1
    while used < len(parts) - 1 and hasattr(module, "__path__") and _is_module(".".join(parts[: used + 1])):
        used += 1
        module = _import_one(".".join(parts[:used]))
    return module, parts[used:]


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ValueError:  # loaded already, by something that left no specification
        return name in sys.modules


def _refuse_hidden(name: str) -> None:
    """Raise StartError where the user's module has the name of one that is loaded already, such as `queue`."""
    loaded, found = sys.modules.get(name), PathFinder.find_spec(name, sys.path[:1])
    if loaded is None or found is None or found.origin in (None, getattr(loaded, "__file__", None)):
        return
    sentence = f'"{name}" ({found.origin}) has the name of a module that Python itself has loaded; rename it'
    raise StartError("handler_module_hidden", sentence)


def _import_one(name: str) -> ModuleType:
    try:
        __import__(name)  # unlike import_module, it leaves the import system's frames out of the traceback
    except (Exception, SystemExit) as error:
        sentence = f'importing the module "{name}" failed: {type(error).__name__}: {text(error)}'
        if isinstance(error, PermissionError) and str(error.filename).endswith((".py", ".so")):
            sentence += _to_open(os.path.dirname(error.filename))
        raise StartError("handler_import_failed", sentence, user_traceback(error)) from error
    return sys.modules[name]


def _find(module: ModuleType, names: list[str]) -> tuple[object, Any]:
    """Return what the names lead to, and what holds it."""
    owner: object = module
    where = module.__name__
    for name in names[:-1]:
        owner = _attribute(owner, where, name)
        where = f"{where}.{name}"
    return owner, _attribute(owner, where, names[-1])


def _attribute(owner: object, where: str, name: str) -> object:
    try:
        return getattr(owner, name)
    except AttributeError:
        _refuse_closed(owner)
        from difflib import get_close_matches  # only here: it takes a tenth of the start

        near = get_close_matches(name, [known for known in dir(owner) if not known.startswith("_")], n=1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        origin = f" ({owner.__file__})" if isinstance(owner, ModuleType) and getattr(owner, "__file__", None) else ""
        raise StartError("handler_attribute_missing", f'"{where}"{origin} has no "{name}"{hint}') from None


def _refuse_closed(package: object) -> None:
    """Raise StartError where Python finds nothing in a package because its folder is closed to this user."""
    for folder in getattr(package, "__path__", ()):
        if not os.access(folder, os.R_OK | os.X_OK):
            sentence = f"user {os.getuid()} may not look into {folder}{_to_open(folder)}"
            raise StartError("handler_module_not_found", sentence) from None


def _to_open(folder: str) -> str:
    return f"; let everybody read it in the image (RUN chmod -R a+rX {folder})"


def _refuse_uncallable(path: str, target: object) -> None:
    if isinstance(target, type):
        sentence = f'"{path}" is a class; name one of its methods: {path}.method'
    elif isinstance(target, ModuleType):
        sentence = f'"{path}" is a module; name a function in it: {path}.function'
    elif callable(target):
        return
    else:
        sentence = f'"{path}" is of type {type(target).__name__}, which can\'t be called'
    raise StartError("handler_not_callable", sentence)


def _build(cls: Callable[..., object], environ: Mapping[str, str], loop: AbstractEventLoop | None) -> object:
    from asya_runtime.parameters import arguments_from  # here and elsewhere: inspect takes a megabyte

    bound = arguments_from(cls, environ)

    async def build() -> object:
        return cls(*bound.args, **bound.kwargs)

    try:
        return loop.run_until_complete(build()) if loop else cls(*bound.args, **bound.kwargs)
    except (Exception, SystemExit) as error:
        name = getattr(cls, "__qualname__", cls)
        sentence = f"building {name} failed: {type(error).__name__}: {text(error)}"
        raise StartError("constructor_failed", sentence, user_traceback(error)) from error


def _refuse_wrong_arguments(path: str, target: Callable[..., object]) -> None:
    if takes_one(target):
        return
    from asya_runtime.batch_handler import signature_of

    signature = signature_of(target)
    if signature is None:
        return
    try:
        signature.bind(None)
    except TypeError:
        sentence = f'"{path}" must take one argument, the message; its signature is {signature}'
        raise StartError("handler_arguments", sentence) from None


def _event_loop() -> AbstractEventLoop:
    import asyncio  # takes tens of milliseconds, so only for async handlers

    if sys.version_info < (3, 10):  # there, locks that were made at import are bound to this loop
        current = asyncio.get_event_loop()
        if not current.is_closed():
            return current
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop
