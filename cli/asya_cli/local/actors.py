"""Which actors to run: from handlers named on the command line, or from values files and folders of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from asya_cli.errors import MisuseError
from asya_core.route import ENDS, is_actor_name

LOCAL_IMAGE = "this-folder:local"
"""The image of an actor that is given as a bare handler: its content is the user's folder."""

_HANDLER = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_FEWEST_PARTS = 2
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Actor:
    """One actor to run: its name, and the chart's values for it as a file or as a mapping.

    `python` is the interpreter for its runtime, where it is not the one that runs us. To one that is `alone` the values
    for all actors of a run do not apply.
    """

    name: str
    values: Path | Mapping[str, Any] = field(default_factory=dict)
    python: str | None = None
    alone: bool = False


def read_actors(given: Sequence[str], folder: Path, pythons: Mapping[str, str] | None = None) -> list[Actor]:
    """Turn what the command line names into actors: values files, folders of them, and `[name=]module.function`.

    Paths are relative to `folder`; `pythons` maps an actor's name to its interpreter.
    Raises MisuseError for a name that can't be an actor's, one that is there twice, or a folder without values.
    """
    named: list[tuple[str | None, str]] = []
    actors: list[Actor] = []
    for each in given:
        if (folder / each).is_dir():
            actors += _from_folder(folder / each, each)
        elif (folder / each).is_file() and Path(each).suffix in _SUFFIXES:
            actors.append(Actor(Path(each).stem, folder / each))
        else:
            named.append(_split_name(each))
    actors += _from_handlers(named)
    _check_names(actors)
    return _with_pythons(actors, pythons or {})


def derived_names(handlers: Sequence[str]) -> list[str]:
    """Name actors after their handlers' modules; those that share a module after module and function.

    Where two functions of one module have the same name, in two classes, the class is part of the name too.
    """
    forms = [_forms(handler) for handler in handlers]
    chosen = [0] * len(forms)
    for level in (1, 2):
        taken = Counter(form[at] for form, at in zip(forms, chosen, strict=True))
        chosen = [level if taken[form[at]] > 1 else at for form, at in zip(forms, chosen, strict=True)]
    return [form[at] for form, at in zip(forms, chosen, strict=True)]


def _forms(handler: str) -> tuple[str, str, str]:
    """Return the three names that a handler's actor may get, the shortest first."""
    parts = handler.split(".")
    holder = parts[-2] if len(parts) > _FEWEST_PARTS and parts[-2][:1].isupper() else ""
    module = parts[-3] if holder else parts[-2]
    function = parts[-1]
    return _label(module), _label(f"{module}-{function}"), _label(f"{module}-{holder}-{function}")


def _label(words: str) -> str:
    return re.sub(r"-+", "-", words.replace("_", "-")).strip("-").lower()


def _split_name(given: str) -> tuple[str | None, str]:
    name, equals, handler = given.rpartition("=")
    if not _HANDLER.fullmatch(handler):
        raise MisuseError(
            f"{given!r} is neither a values file, nor a folder of them, nor a handler; a handler is written "
            "module.function or module.Class.method; check the spelling"
        )
    return (name if equals else None), handler


def _from_handlers(named: Sequence[tuple[str | None, str]]) -> list[Actor]:
    derived = iter(derived_names([handler for name, handler in named if name is None]))
    return [
        Actor(next(derived) if name is None else name, {"image": LOCAL_IMAGE, "handler": handler})
        for name, handler in named
    ]


def _from_folder(folder: Path, given: str) -> list[Actor]:
    files = sorted(file for file in folder.iterdir() if file.suffix in _SUFFIXES and file.is_file())
    if not files:
        raise MisuseError(f"{given} holds no values file; each actor is one file <name>.yaml in it; add one")
    return [Actor(file.stem, file) for file in files]


def _check_names(actors: Iterable[Actor]) -> None:
    seen: set[str] = set()
    for actor in actors:
        if not is_actor_name(actor.name):
            raise MisuseError(
                f"{actor.name!r} can't be an actor's name; it has lower-case letters, digits and -, at most 63; "
                "choose one with name=module.function, or rename its file"
            )
        if actor.name in ENDS:
            raise MisuseError(f"{actor.name!r} is the name of an end actor, which runs by itself; choose another name")
        if actor.name in seen:
            raise MisuseError(f"two actors are called {actor.name!r}; choose another name with name=module.function")
        seen.add(actor.name)


def _with_pythons(actors: list[Actor], pythons: Mapping[str, str]) -> list[Actor]:
    names = {actor.name for actor in actors}
    if unknown := sorted(set(pythons) - names):
        raise MisuseError(
            f"--python names {unknown[0]!r}; no such actor is given; use one of: {', '.join(sorted(names))}"
        )
    return [replace(actor, python=pythons.get(actor.name, actor.python)) for actor in actors]
