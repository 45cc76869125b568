"""Objects by key, in a folder or in a cloud's object storage: results, errors, claims, large payloads.

A key is a path of segments joined by `/`. A written object is complete or absent to every reader, and when a call
returns, what it wrote survives the loss of the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import LocalStore

from asya_core.clouds import is_without_bucket, open_cloud
from asya_core.errors import ObjectMissingError, ObjectSizeError, ObjectStoreError

if TYPE_CHECKING:
    from obstore import ObjectMeta, UpdateVersion
    from obstore.store import ObjectStore as Backend

SCHEMES = ("file", "s3", "gs", "az")
"""Kinds of store that a URL may name."""


@dataclass(frozen=True, slots=True)
class Version:
    """What tells one writing of an object from another; only the store can make sense of it."""

    e_tag: str | None
    version: str | None


class ObjectStore:
    """One store; safe to use from several threads. Every method raises ObjectStoreError when the store fails."""

    def __init__(self, backend: Backend, url: str, folder: Path | None = None) -> None:
        self._backend = backend
        self._url = url
        self._folder = folder
        self._lasting: set[Path] = set()

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Write the object, in place of one that is there."""
        with self._told("write", key):
            self._require_folder()
            obstore.put(self._backend, key, data, mode="overwrite", use_multipart=False)
            self._make_lasting(key)

    def create(self, key: str, data: bytes | memoryview) -> bool:
        """Write the object unless one is there; of several callers at once, exactly one gets True."""
        with self._told("write", key):
            self._require_folder()
            with suppress(AlreadyExistsError):
                obstore.put(self._backend, key, data, mode="create", use_multipart=False)
                self._make_lasting(key)
                return True
            # Whoever wrote it may not have come that far, and the caller will rely on it.
            self._make_lasting(key)
        return False

    def get(self, key: str, size: int | None = None) -> bytes:
        """Read the object. Raises ObjectMissingError when there is none.

        With `size` in bytes it raises ObjectSizeError, before it reads anything, where the object has another one.
        """
        with self._found("read", key):
            found = obstore.get(self._backend, key)
            if size is not None and found.meta["size"] != size:
                raise ObjectSizeError(f"{key!r} in {self._url} has {found.meta['size']} bytes, not {size}")
            return bytes(found.bytes())

    def size(self, key: str) -> int:
        """Return how many bytes the object has. Raises ObjectMissingError when there is none."""
        with self._found("look for", key):
            return obstore.head(self._backend, key)["size"]

    def list(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys under a folder, in no particular order; `a/b` covers `a/b/c` but not `a/bc`."""
        with self._told("list", prefix):
            for chunk in obstore.list(self._backend, prefix or None):
                yield from (meta["path"] for meta in chunk)

    def list_versions(self, prefix: str = "") -> Iterator[tuple[str, datetime]]:
        """Yield the keys under a folder, each with when it was written last, in no particular order."""
        with self._told("list", prefix):
            for chunk in obstore.list(self._backend, prefix or None):
                yield from ((meta["path"], meta["last_modified"]) for meta in chunk)

    def folders(self, prefix: str = "") -> Sequence[str]:
        """Return the names of the folders right below a folder, sorted."""
        with self._told("list", prefix):
            found = obstore.list_with_delimiter(self._backend, prefix or None)
            return sorted(path.rpartition("/")[2] for path in found["common_prefixes"])

    def read(self, key: str) -> tuple[bytes, Version]:
        """Read the object, and which version of it that was. Raises ObjectMissingError when there is none."""
        with self._found("read", key):
            found = obstore.get(self._backend, key)
            return bytes(found.bytes()), _version(found.meta)

    def replace(self, key: str, data: bytes, version: Version) -> bool:
        """Write the object in place of this version; False, and nothing is written, when it is not there any more.

        Object storage compares by itself. A folder can't: there somebody else may write in the moment between.
        """
        with self._told("write", key):
            if self._folder is not None:
                if not self._holds(key, version):
                    return False
                obstore.put(self._backend, key, data, mode="overwrite", use_multipart=False)
                self._make_lasting(key)
                return True
            tags: UpdateVersion = {}
            if version.e_tag is not None:
                tags["e_tag"] = version.e_tag
            if version.version is not None:
                tags["version"] = version.version
            try:
                obstore.put(self._backend, key, data, mode=tags, use_multipart=False)
            except PreconditionError:
                return False
        return True

    def remove(self, key: str, version: Version) -> bool:
        """Remove this version of the object; False, and nothing is removed, when another one is there, or none.

        No store compares here by itself, so somebody else may write in the moment between.
        """
        with self._told("remove", key):
            if not self._holds(key, version):
                return False
            with suppress(FileNotFoundError):
                obstore.delete(self._backend, key)
            self._make_removal_lasting(key)
        return True

    def delete(self, key: str) -> None:
        """Remove the object; that there is none is no error."""
        with self._told("remove", key), suppress(FileNotFoundError):
            obstore.delete(self._backend, key)

    def _holds(self, key: str, version: Version) -> bool:
        try:
            return _version(obstore.head(self._backend, key)) == version
        except FileNotFoundError as error:
            if self._is_away(str(error)):
                raise
            return False

    def _make_removal_lasting(self, key: str) -> None:
        """Force to the disk that a file's name is gone."""
        if self._folder is not None:
            _fsync((self._folder / key).parent)

    def _require_folder(self) -> None:
        """Raise OSError where the store's own folder is away: a new one in its place would hide what is in it."""
        if self._folder is not None:
            self._folder.stat()

    def _is_away(self, told: str) -> bool:
        """Whether it is the store that is not found, rather than an object in it."""
        if self._folder is not None:
            return not self._folder.is_dir()
        return is_without_bucket(told)

    def _make_lasting(self, key: str) -> None:
        """Force a file and its name to the disk; object storage does it by itself.

        Folders above the file's own are forced once, when this store first writes below them.
        """
        if self._folder is None:
            return
        path = self._folder / key
        _fsync(path)
        _fsync(path.parent)
        folder = path.parent
        while folder != self._folder and folder not in self._lasting:
            _fsync(folder.parent)
            self._lasting.add(folder)
            folder = folder.parent

    @contextmanager
    def _told(self, verb: str, key: str) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            raise ObjectStoreError(f"can't {verb} {key!r} in {self._url}: {_first_line(error)}") from error

    @contextmanager
    def _found(self, verb: str, key: str) -> Iterator[None]:
        with self._told(verb, key):
            try:
                yield
            except FileNotFoundError as error:
                if self._is_away(str(error)):
                    raise
                raise ObjectMissingError(f"no object {key!r} in {self._url}") from error


def open_store(url: str, config: Mapping[str, str] | None = None, *, make_folder: bool = True) -> ObjectStore:
    """Open the store that a URL names: `file:///folder` (made when absent), `s3://`, `gs://` or `az://`.

    Without `make_folder` a folder has to be there: one in the place of a volume that is not mounted would be lost.

    Cloud credentials and endpoints come from `config`, else from the environment, under the names that each cloud's own
    tools use, such as AWS_ACCESS_KEY_ID; without either, from the machine's identity.
    Raises ObjectStoreError when the URL is no such URL, or the folder can't be made. No network is used here.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise ObjectStoreError(f"{url!r} is no object store; its URL begins with one of {known}")
    try:
        if parts.scheme == "file":
            return _open_folder(url, parts.netloc, unquote(parts.path), make=make_folder)
        return ObjectStore(open_cloud(url, config or {}), url)
    except (BaseError, OSError, ValueError) as error:
        raise ObjectStoreError(f"can't open the object store {url!r}: {_first_line(error)}") from error


def _open_folder(url: str, host: str, path: str, *, make: bool) -> ObjectStore:
    if host not in {"", "localhost"} or not path:
        raise ValueError("a folder is named by its whole path, with three slashes: file:///folder")
    folder = Path(path)
    if make:
        folder.mkdir(parents=True, exist_ok=True)
    folder.stat()
    return ObjectStore(LocalStore(folder), url, folder)


def _version(meta: ObjectMeta) -> Version:
    return Version(meta["e_tag"], meta["version"])


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _first_line(error: Exception) -> str:
    """Return what happened without the library's dump of its own structures."""
    return str(error).partition("\n")[0]
