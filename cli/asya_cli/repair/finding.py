"""Finds the environment that a command is for.

In this order: `-f` values files, as the chart reads them; else a local run in the folder; else `ASYA_*` variables. What
a single option names (`--store`, `--secrets`, ...) takes the place of what was found that way.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from asya_cli.assets import find_assets
from asya_cli.errors import CliError
from asya_cli.local.manifests import Container, Workload, read_manifests
from asya_cli.local.plan import read_plan
from asya_cli.local.render import Release, render
from asya_cli.local.running import STATE_DIR
from asya_cli.local.state import Folder, RunInfo
from asya_cli.local.substitution import RUNTIME, SIDECAR
from asya_cli.repair.place import (
    CLAIM_PREFIX,
    ERROR_PREFIX,
    HAPPY_PREFIX,
    QUEUE_PREFIX,
    Place,
    need_folder,
    secrets_needed,
)
from asya_core.route import ERROR_END, HAPPY_END

_NOWHERE = (
    "there is no local run in this folder, and neither -f nor {option} nor {variable} says where; give one of them, or "
    "go to the folder of a local run"
)
_NO_STORE = f"no store of errors is known; {_NOWHERE.format(option='--store', variable='ASYA_STORE_URL')}"
_NO_BROKER = f"no broker is known; {_NOWHERE.format(option='--set transport=', variable='ASYA_TRANSPORT')}"


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says about where to look."""

    directory: Path
    files: Sequence[str] = ()
    sets: Sequence[str] = ()
    store: str = ""
    store_prefix: str = ""
    queue_prefix: str = ""
    secrets: Path | None = None


def find_place(given: Given, environ: Mapping[str, str]) -> Place:
    """Return the environment that a command is for. Raises CliError for files that the chart refuses."""
    place = _found(given, environ)
    if given.store:
        place = replace(place, store_url=given.store, no_store="")
    if given.store_prefix:
        place = replace(place, error_prefix=given.store_prefix)
    if given.queue_prefix:
        place = replace(place, queue_prefix=given.queue_prefix)
    if given.secrets is not None:
        settings = {**place.environ, "ASYA_SECRETS_DIR": str(given.secrets)}
        place = replace(place, environ=settings, check_broker=partial(need_folder, given.secrets))
    return place


def _found(given: Given, environ: Mapping[str, str]) -> Place:
    if given.files or given.sets:
        return _of_files(given, environ)
    folder = Folder(given.directory / STATE_DIR)
    try:
        return _of_run(folder, folder.read_info())
    except (OSError, ValueError):  # no run here, or one of another version
        return _of_variables(environ)


def _of_run(folder: Folder, info: RunInfo) -> Place:
    end = next(each for each in info.actors if each.is_end)
    where = folder.path.parent

    def check() -> None:
        if not folder.is_running():
            raise CliError(f"the local run in {where} is not up, nor is its broker; start it with `asya local up`")

    claims = _claims_of_run(folder)
    return Place(
        origin=f"the local run in {where}",
        transport=info.transport,
        environ=info.environ,
        queue_prefix=end.queue.removesuffix(end.name),
        store_url=info.results,
        error_prefix=info.error_prefix,
        happy_prefix=info.happy_prefix,
        claim_url=claims.get("ASYA_CLAIM_CHECK_URL", ""),
        claim_prefix=claims.get("ASYA_CLAIM_CHECK_PREFIX", "") or CLAIM_PREFIX,
        check_broker=check,
    )


def _claims_of_run(folder: Folder) -> Mapping[str, str]:
    """Return the settings of one sidecar; all have the same."""
    try:
        processes = read_plan(folder.plan).processes
    except (OSError, ValueError):
        return {}
    return next((each.env for each in processes if each.container == SIDECAR), {})


def _of_variables(environ: Mapping[str, str]) -> Place:
    return Place(
        origin="the environment variables",
        transport=environ.get("ASYA_TRANSPORT", ""),
        environ=environ,
        queue_prefix=environ.get("ASYA_QUEUE_PREFIX", QUEUE_PREFIX),
        store_url=environ.get("ASYA_STORE_URL", ""),
        error_prefix=environ.get("ASYA_STORE_PREFIX", ERROR_PREFIX),
        claim_url=environ.get("ASYA_CLAIM_CHECK_URL", ""),
        claim_prefix=environ.get("ASYA_CLAIM_CHECK_PREFIX", CLAIM_PREFIX),
        no_store=_NO_STORE,
        no_broker=_NO_BROKER,
    )


def _of_files(given: Given, environ: Mapping[str, str]) -> Place:
    """Let the chart of the end actors read the files: what it sets for them is what they look at, too."""
    assets = find_assets()
    files = [assets.values_file(each, given.directory) for each in given.files]
    with tempfile.TemporaryDirectory(prefix="asya-") as scratch:
        objects = render(Release("crew", assets.chart("crew"), files, given.sets), Path(scratch))
    ends = {each.actor: each for each in read_manifests(objects).deployments}
    error_end, happy_end = ends[ERROR_END], ends[HAPPY_END]
    sidecar, keeper = _variables(error_end, SIDECAR), _variables(error_end, RUNTIME)
    origin = ", ".join([*given.files, *given.sets])
    store_url = keeper.get("ASYA_STORE_URL", "")
    settings = {**sidecar, "ASYA_SECRETS_DIR": environ.get("ASYA_SECRETS_DIR", sidecar.get("ASYA_SECRETS_DIR", ""))}
    secret = _secret(error_end, sidecar.get("ASYA_SECRETS_DIR", ""))
    place = Place(
        origin=origin,
        transport=sidecar.get("ASYA_TRANSPORT", ""),
        environ=settings,
        queue_prefix=sidecar.get("ASYA_QUEUE_PREFIX", QUEUE_PREFIX),
        store_url=store_url,
        error_prefix=keeper.get("ASYA_STORE_PREFIX", ERROR_PREFIX),
        happy_prefix=_variables(happy_end, RUNTIME).get("ASYA_STORE_PREFIX", HAPPY_PREFIX),
        claim_url=sidecar.get("ASYA_CLAIM_CHECK_URL", ""),
        claim_prefix=sidecar.get("ASYA_CLAIM_CHECK_PREFIX", CLAIM_PREFIX),
    )
    if store_url.startswith("file:"):
        place = replace(
            place,
            store_url="",
            no_store=f"the store of {origin} is {store_url}, a volume in the cluster; give it as this machine sees it "
            "with --store file:///..., or set store.url to object storage",
        )
    if secret and "ASYA_SECRETS_DIR" not in environ:
        place = replace(place, check_broker=partial(_refuse, secret))
    return place


def _variables(workload: Workload, name: str) -> dict[str, str]:
    """Return the literal variables of one container; what a Secret holds is not known here."""
    return {each.name: each.value for each in _container(workload, name).env if each.source is None}


def _container(workload: Workload, name: str) -> Container:
    return next(each for each in workload.containers if each.name == name)


def _secret(workload: Workload, folder: str) -> str:
    """Return the Secret that the sidecar sees in this folder, or an empty text."""
    volumes = {each.name: each for each in workload.volumes if each.kind == "secret"}
    for mount in _container(workload, SIDECAR).mounts:
        if mount.path == folder and mount.volume in volumes:
            return str(volumes[mount.volume].source.get("secretName", ""))
    return ""


def _refuse(secret: str) -> None:
    raise secrets_needed(secret)
