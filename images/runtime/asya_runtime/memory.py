"""How much of its memory limit the container uses, by cgroup v2 or v1."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

_COLONS = 2  # in a line of the listing: number, controllers, path
_UNLIMITED = 1 << 62  # v1 says so with a number of about 2**63


class _Form(NamedTuple):
    """The names of one version of cgroups."""

    limit: str
    used: str
    events: str
    reclaimable: tuple[str, ...]


_V2 = _Form("memory.max", "memory.current", "memory.events", ("inactive_file", "active_file", "slab_reclaimable"))
_V1 = _Form(
    "memory.limit_in_bytes", "memory.usage_in_bytes", "memory.oom_control", ("total_inactive_file", "total_active_file")
)


class Memory:
    """The memory of a control group that has a limit. Sizes are in bytes."""

    def __init__(self, folder: str, form: _Form, limit: int) -> None:
        self._folder = folder
        self._form = form
        self.limit = limit

    def used(self, enough: int) -> int:
        """Return what is used and could not be given back at once; 0 where it can't be read.

        The kernel counts the page cache, too. That is looked into only where the count comes to `enough`.
        """
        used = _number(_read(self._folder, self._form.used))
        if used < enough:
            return used
        return max(0, used - self._reclaimable())

    def kills(self) -> int:
        """Return how many processes the kernel has killed here because they used too much."""
        lines = (line.split() for line in _read(self._folder, self._form.events).splitlines())
        return sum(_number(parts[-1]) for parts in lines if parts[:1] == ["oom_kill"])

    def _reclaimable(self) -> int:
        lines = (line.split() for line in _read(self._folder, "memory.stat").splitlines())
        return sum(_number(parts[1]) for parts in lines if len(parts) > 1 and parts[0] in self._form.reclaimable)


def find(listing: str = "/proc/self/cgroup", mount: str = "/sys/fs/cgroup") -> Memory | None:
    """Return the smallest memory limit that holds for this process and can be seen; None without one.

    `listing` names the groups of the process, `mount` is where they usually are.
    """
    found: Memory | None = None
    for folder, form in _levels(listing, mount):
        limit = _number(_read(folder, form.limit))
        if 0 < limit < _UNLIMITED and (found is None or limit < found.limit):
            found = Memory(folder, form, limit)
    return found


def _levels(listing: str, mount: str) -> Iterator[tuple[str, _Form]]:
    """Yield the folder of each group that counts this process's memory, from its own up to the topmost."""
    for line in _read("", listing).splitlines():
        if line.count(":") < _COLONS:
            continue
        _, controllers, path = line.split(":", _COLONS)
        if not controllers:
            yield from ((folder, _V2) for folder in _upwards(mount, path))
        elif "memory" in controllers.split(","):
            yield from ((folder, _V1) for folder in _upwards(os.path.join(mount, "memory"), path))


def _upwards(root: str, path: str) -> Iterator[str]:
    """Yield `path` below `root` and all above it; those that a container does not show have no files to read."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:  # the group is outside of what is mounted here
        parts = []
    for count in range(len(parts), -1, -1):
        yield os.path.join(root, *parts[:count])


def _read(folder: str, name: str) -> str:
    """Return a small file's text, empty where it can't be read."""
    try:
        descriptor = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, 65536).decode("ascii", "replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isdigit() else 0
