"""Paths inside containers, and the folders of this machine that stand for them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from asya_cli.errors import CliError
from asya_cli.local.manifests import Container, Mount, Volume, Workload


@dataclass(frozen=True, slots=True)
class Places:
    """Folders of one actor: `volumes` for what lives as long as its pod, `files` for single mounted files.

    `secrets` (one folder per Secret) and `claims` (one per PersistentVolumeClaim) belong to the whole run; `own_claims`
    are claims that it brings itself, by name.
    """

    volumes: Path
    files: Path
    secrets: Path
    claims: Path
    own_claims: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class File:
    """A file that must be there before the containers start."""

    path: Path
    content: str


def local_paths(workload: Workload, container: Container, places: Places) -> dict[str, str]:
    """Return for each mounted path of the container the path of this machine that stands for it.

    Of a single mounted file it is the file's folder that is mapped, since programs are given folders of such files.
    """
    volumes = {volume.name: volume for volume in workload.volumes}
    mapped: dict[str, str] = {}
    for mount in container.mounts:
        volume = _volume_of(mount, volumes, workload)
        if volume.kind == "configMap" and mount.sub_path:
            folder = str(PurePosixPath(mount.path).parent)
            mapped.setdefault(folder, _below(places.files / container.name, folder))
        else:
            mapped[mount.path] = str(_folder(volume, places) / mount.sub_path)
    return mapped


def needed_files(
    workload: Workload, container: Container, places: Places, config_maps: Mapping[str, Mapping[str, str]]
) -> Iterator[File]:
    """Yield the files that ConfigMaps bring into the container. Raises CliError for one that is not rendered."""
    volumes = {volume.name: volume for volume in workload.volumes}
    for mount in container.mounts:
        volume = _volume_of(mount, volumes, workload)
        if volume.kind != "configMap":
            continue
        keys = _items(volume, config_maps)
        if mount.sub_path:
            file = Path(_below(places.files / container.name, mount.path))
            yield File(file, _of(keys, mount.sub_path, f"{workload.name}: the ConfigMap of volume {volume.name!r}"))
        else:
            yield from (File(_folder(volume, places) / path, content) for path, content in keys.items())


def needed_folders(workload: Workload, container: Container, places: Places) -> Iterator[Path]:
    """Yield the folders that must be there before the container starts; those of Secrets are the user's to make."""
    volumes = {volume.name: volume for volume in workload.volumes}
    for mount in container.mounts:
        volume = _volume_of(mount, volumes, workload)
        if volume.kind not in ("configMap", "secret"):
            yield _folder(volume, places) / mount.sub_path


def replace_paths(text: str, mapped: Mapping[str, str]) -> str:
    """Put local paths in place of the mounted ones in a variable's value or an argument, the longest match first.

    A path counts only as a whole: `/data` is found in `/data/x` and `file:///data`, not in `/mnt/data` or `/database`.
    """
    if not mapped:
        return text
    longest_first = "|".join(re.escape(path) for path in sorted(mapped, key=len, reverse=True))
    return re.sub(rf"(?<![\w.~)}}-])(?:{longest_first})(?![\w.-])", lambda found: mapped[found.group()], text)


def _folder(volume: Volume, places: Places) -> Path:
    """Return the folder that stands for a volume; what can't be had here becomes an empty one."""
    if volume.kind == "secret":
        return places.secrets / str(volume.source.get("secretName"))
    if volume.kind == "persistentVolumeClaim":
        name = str(volume.source.get("claimName"))
        return places.own_claims.get(name, places.claims / name)
    return places.volumes / volume.name


def _items(volume: Volume, config_maps: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return a ConfigMap volume's content by path in the volume."""
    name = str(volume.source.get("name"))
    if name not in config_maps:
        if volume.source.get("optional"):
            return {}
        raise CliError(
            f"volume {volume.name!r} wants ConfigMap {name!r}; the chart does not render it, and there is no cluster "
            "to take it from; remove the volume from the values of the local run"
        )
    data = config_maps[name]
    if items := volume.source.get("items"):
        return {str(item["path"]): _of(data, str(item["key"]), f"ConfigMap {name!r}") for item in items}
    return dict(data)


def _of(keys: Mapping[str, str], key: str, holder: str) -> str:
    if key not in keys:
        raise CliError(f"{holder} has no key {key!r}; it has {', '.join(sorted(keys)) or 'none'}; change the values")
    return keys[key]


def _volume_of(mount: Mount, volumes: Mapping[str, Volume], workload: Workload) -> Volume:
    if mount.volume not in volumes:
        raise CliError(f"{workload.name} mounts {mount.volume!r}; the pod has no such volume; change the values")
    return volumes[mount.volume]


def _below(folder: Path, path: str) -> str:
    return str(folder / path.lstrip("/"))
