"""The runtime's container, made as a container runtime makes it: of namespaces, mounts and a user without privileges.

A folder stands for the image. What is not imitated: the seccomp filter, limits of resources, and the libraries of the
image, for which this machine's stand in.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from images.runtime.tests.driver import Client
from tests.container.pods import Pod

WORKDIR = "/app"
_NAMESPACES = ("unshare", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "sh", "-c")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_LIMIT = 20.0
_INTERVAL = 0.005
_APP = Path(__file__).parent / "app"

# Arguments: the root, ro or rw for it, mounts as triples of type, source and target up to --, and the command.
_ENTER = """
set -eu
root=$1 access=$2; shift 2
umask 022
mount --make-rprivate /
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
  case $1 in
    bind) mount --bind "$2" "$root$3" ;;
    ro) mount --bind "$2" "$root$3"; mount -o remount,bind,ro "$root$3" ;;
    *) mount -t "${1%%:*}" -o "${1#*:}" "$2" "$root$3" ;;
  esac
  shift 3
done
shift
mount -o "remount,bind,$access" "$root"
exec chroot "$root" "$@"
"""


def why_not() -> str:
    """Return what keeps this user from making a container; nothing where all is there."""
    for program in ("unshare", "setpriv", "chroot", "mount", "env"):
        if shutil.which(program) is None:
            return f"the program {program}"
    tried = (
        "mount --bind /tmp /tmp && mount -t proc proc /proc && setpriv --reuid 65532 --regid 65532 --groups 65532 true"
    )
    if os.getuid() != 0 or subprocess.run([*_NAMESPACES, tried], capture_output=True, check=False).returncode:
        return "the right to make a container (namespaces, mounts and users)"
    return ""


class Image:
    """A folder like the root of `python:3.13-slim`, with the files of `app` in /app; all of it is root's."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("usr", "proc", "dev/shm", "etc", "tmp", "var/run", "opt"):
            self._folder(folder)
        for link in ("bin", "sbin", "lib", "lib64"):
            if Path("/", link).is_symlink():
                (root / link).symlink_to(f"usr/{link}")
        self.put("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/nonexistent:/bin/false\n")
        self.put("/etc/group", "root:x:0:\nnogroup:x:65534:\n")
        for device in _DEVICES:
            self.put(f"/dev/{device}", "")
        for source in _APP.glob("*.py"):
            self.put(f"{WORKDIR}/{source.name}", source.read_text(encoding="utf-8"))

    def put(self, path: str, content: str, *, mode: int = 0o644) -> None:
        """Lay a file there, as COPY does."""
        file = self.place(path)
        self._folder(str(file.parent.relative_to(self.root)))
        file.write_text(content, encoding="utf-8")
        file.chmod(mode)

    def place(self, path: str) -> Path:
        """Return where a path of the image is on this machine."""
        return self.root / path.lstrip("/")

    def mounts(self) -> Iterator[tuple[str, str, str]]:
        """Yield what stands for the image's programs and what every container has: type, source and target."""
        yield "ro", "/usr", "/usr"
        if sys.base_prefix != "/usr":
            yield "ro", sys.base_prefix, "/usr/local"
        yield "proc:nosuid", "proc", "/proc"
        yield from (("bind", f"/dev/{device}", f"/dev/{device}") for device in _DEVICES)
        yield "tmpfs:mode=1777,size=64m", "shm", "/dev/shm"

    def _folder(self, path: str) -> None:
        for part in [*reversed(Path(path).parents), Path(path)]:
            (self.root / part).mkdir(exist_ok=True, parents=True)
            (self.root / part).chmod(0o755)


@dataclass(frozen=True, slots=True)
class Container:
    """The container of a pod in an image; `sockets` is the volume that it shares with the sidecar."""

    pod: Pod
    image: Image
    sockets: Path
    log: Path

    def prepare(self) -> None:
        """Lay the pod's files and mount points into the image, as kubelet does."""
        for path, content in self.pod.files():
            self.image.put(path, content)
        for path in self.pod.empty_dirs():
            self.image.place(path).mkdir(parents=True, exist_ok=True)
        os.chown(self.sockets, 0, self.pod.security["fsGroup"])
        self.sockets.chmod(0o2777)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the container's command, as process 1 of its own."""
        with self.log.open("wb") as out:
            return subprocess.Popen(self._argv(self.pod.container["command"]), stdout=subprocess.DEVNULL, stderr=out)

    def run(self, command: Sequence[str]) -> int:
        """Run a command as a probe does; return its exit code."""
        return subprocess.run(self._argv(command), timeout=_LIMIT, check=False).returncode

    @contextmanager
    def served(self) -> Iterator[Client]:
        """Run it; give a connection to it once it is ready."""
        process = self.start()
        try:
            deadline = time.monotonic() + _LIMIT
            while not (self.sockets / "runtime-ready").exists():
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_INTERVAL)
                    raise AssertionError(self.log.read_text(encoding="utf-8"))
                assert time.monotonic() < deadline
            client = Client(self.sockets / "asya-runtime.sock")
            client.hello()
            yield client
            client.close()
        finally:
            process.kill()
            process.wait(_LIMIT)

    def refusal(self) -> tuple[int, str]:
        """Run it, where it does not start; return its exit code and its last words."""
        code = self.start().wait(_LIMIT)
        return code, self.log.read_text(encoding="utf-8").splitlines()[-1]

    def _argv(self, command: Sequence[str]) -> list[str]:
        access = "ro" if self.pod.security["readOnlyRootFilesystem"] else "rw"
        mounts = [*self.image.mounts(), *self._volumes()]
        return [
            *(*_NAMESPACES, _ENTER, "enter", str(self.image.root), access),
            *(word for mount in mounts for word in mount),
            *("--", *self._user(), *self._variables(), *command),
        ]

    def _volumes(self) -> Iterator[tuple[str, str, str]]:
        for path in self.pod.empty_dirs():
            if path == self.pod.environ["ASYA_SOCKET_DIR"]:
                yield "bind", str(self.sockets), path
            else:
                yield f"tmpfs:mode=2777,gid={self.pod.security['fsGroup']}", "empty", path

    def _user(self) -> list[str]:
        """Return what becomes the user that the pod names, with the privileges that it leaves."""
        security = self.pod.security
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["allowPrivilegeEscalation"] is False
        user, group = str(security["runAsUser"]), str(security["runAsGroup"])
        dropped = ("--bounding-set", "-all", "--inh-caps", "-all", "--no-new-privs")
        return ["setpriv", "--reuid", user, "--regid", group, "--groups", str(security["fsGroup"]), *dropped]

    def _variables(self) -> list[str]:
        path = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
        library = "/usr/local/lib"  # where the image's own ld.so.cache would lead
        given = {"PATH": path, "LD_LIBRARY_PATH": library, "HOSTNAME": "pod", **self.pod.environ}
        return ["env", "-i", "-C", WORKDIR, *(f"{name}={value}" for name, value in given.items())]
