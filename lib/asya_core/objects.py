"""Objects by key, in a folder or in a cloud's object storage: results, errors, claims, large payloads.

A key is a path of segments joined by `/`. A written object is complete or absent to every reader, and when a call
returns, what it wrote survives the loss of the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, from_url

from asya_core.errors import ObjectMissingError, ObjectStoreError

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Backend
    from obstore.store import RetryConfig

SCHEMES = ("file", "s3", "gs", "az")
"""Kinds of store that a URL may name."""

# Short, since whoever calls retries on its own, and its call has a deadline.
_RETRY: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}


class ObjectStore:
    """One store; safe to use from several threads. Every method raises ObjectStoreError when the store fails."""

    def __init__(self, backend: Backend, url: str, folder: Path | None = None) -> None:
        self._backend = backend
        self._url = url
        self._folder = folder
        self._lasting: set[Path] = set()

    def put(self, key: str, data: bytes) -> None:
        """Write the object, in place of one that is there."""
        with self._told("write", key):
            obstore.put(self._backend, key, data, mode="overwrite", use_multipart=False)
            self._make_lasting(key)

    def create(self, key: str, data: bytes) -> bool:
        """Write the object unless one is there; of several callers at once, exactly one gets True."""
        with self._told("write", key):
            with suppress(AlreadyExistsError):
                obstore.put(self._backend, key, data, mode="create", use_multipart=False)
                self._make_lasting(key)
                return True
            # Whoever wrote it may not have come that far, and the caller will rely on it.
            self._make_lasting(key)
        return False

    def get(self, key: str) -> bytes:
        """Read the object. Raises ObjectMissingError when there is none."""
        with self._told("read", key):
            try:
                return bytes(obstore.get(self._backend, key).bytes())
            except FileNotFoundError as error:
                raise ObjectMissingError(f"no object {key!r} in {self._url}") from error

    def list(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys under a folder, in no particular order; `a/b` covers `a/b/c` but not `a/bc`."""
        with self._told("list", prefix):
            for chunk in obstore.list(self._backend, prefix or None):
                yield from (meta["path"] for meta in chunk)

    def delete(self, key: str) -> None:
        """Remove the object; that there is none is no error."""
        with self._told("remove", key), suppress(FileNotFoundError):
            obstore.delete(self._backend, key)

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


def open_store(url: str) -> ObjectStore:
    """Open the store that a URL names: `file:///folder` (made when absent), `s3://`, `gs://` or `az://`.

    Cloud credentials and endpoints come from the environment, under the names that each cloud's own tools use.
    Raises ObjectStoreError when the URL is no such URL, or the folder can't be made. No network is used here.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise ObjectStoreError(f"{url!r} is no object store; its URL begins with one of {known}")
    try:
        if parts.scheme == "file":
            return _open_folder(url, parts.netloc, unquote(parts.path))
        return ObjectStore(from_url(url, retry_config=_RETRY), url)
    except (BaseError, OSError, ValueError) as error:
        raise ObjectStoreError(f"can't open the object store {url!r}: {_first_line(error)}") from error


def _open_folder(url: str, host: str, path: str) -> ObjectStore:
    if host not in {"", "localhost"} or not path:
        raise ValueError("a folder is named by its whole path, with three slashes: file:///folder")
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    return ObjectStore(LocalStore(folder), url, folder)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _first_line(error: Exception) -> str:
    """Return what happened without the library's dump of its own structures."""
    return str(error).partition("\n")[0]
