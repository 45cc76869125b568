"""Takes large payloads to the object store, and brings them from there."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from msgspec import Raw

from asya_core.cancellation import read_marker
from asya_core.claim_check import Place, Reference, read_reference, write_reference
from asya_core.errors import (
    ClaimError,
    EnvelopeError,
    ObjectMissingError,
    ObjectSizeError,
    ObjectStoreError,
    SettingsError,
)
from asya_core.limits import Limits, check_limits, too_large
from asya_core.transports.base import lease_clock
from asya_sidecar.apart import apart
from asya_sidecar.claim_settings import ClaimSettings
from asya_sidecar.known_payloads import KnownPayloads
from asya_sidecar.metrics import Metrics

if TYPE_CHECKING:
    from asya_core.objects import ObjectStore

AT_ONCE = 8
"""Payloads that are on their way to the store, or from it, at one time."""

_QUICKLY_HASHED = 512 * 1024
_DEPTH = Limits().depth - 1
_T = TypeVar("_T")

_WHY_MISSING = (
    "it was removed, or its time in the store is over; keep payloads for longer than messages wait in queues and "
    "errors for their redrive"
)


class Claims:
    """One actor's claim checks. Payloads of more than `threshold` bytes are stored."""

    def __init__(self, settings: ClaimSettings, store: ObjectStore, metrics: Metrics) -> None:
        self.threshold = settings.threshold
        self._url = settings.url
        self._place = Place(settings.url, settings.prefix)
        self._store = store
        self._metrics = metrics
        self._known = KnownPayloads()
        self._uploads: dict[str, asyncio.Task[Raw]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def store(self, payload: Raw) -> Raw:
        """Return a reference to the payload once it lies in the store; of equal payloads, only the first is sent there.

        Raises ObjectStoreError when the store fails; nothing can be referred to then.
        """
        body = memoryview(payload)
        sha256 = await self._hash_of(body)
        known = self._known.find(sha256, lease_clock(), datetime.now(UTC))
        if known is None:
            upload = self._uploads.get(sha256)
            if upload is None:
                upload = self._uploads[sha256] = asyncio.create_task(self._upload(body, sha256))
                upload.add_done_callback(lambda task: self._uploaded(task, sha256))
                return await asyncio.shield(upload)
            known = await asyncio.shield(upload)
        self._metrics.claim("kept", len(body))
        return known

    def size_of(self, raw: Raw) -> int:
        """Return how many bytes a payload has, in the words of whoever refers to it; 0 for what is no reference."""
        try:
            return read_reference(raw).size
        except ClaimError:
            return 0

    async def fetch(self, raw: Raw, around: int, limits: Limits) -> Raw:
        """Return the payload that `payload_ref` leads to, if it and the bytes `around` it are within the limits.

        Raises ClaimError and EnvelopeError for a reference that no later try could follow, ObjectStoreError when the
        store fails.
        """
        reference = read_reference(raw)
        key = self._place.key_of(reference)
        if (size := reference.size + around) > limits.size:
            raise EnvelopeError("msg_parsing_error", f"payload_ref: {too_large(size, limits)}")
        async with self._slots:
            body = await self._attempt("fetched", lambda: self._read(key, reference))
        self._metrics.claim("fetched", len(body))
        self._known.add(reference, lease_clock(), datetime.now(UTC))
        return Raw(body)

    async def require_wanted(self, marker: Raw) -> None:
        """Raise EnvelopeError where the message's marker is there, for nobody wants the message any more.

        Raises ClaimError for a marker that no later try could look for, ObjectStoreError when the store fails.
        """
        key = read_marker(marker, self._url)
        async with self._slots:
            if await self._attempt("fetched", lambda: self._has(key)):
                raise EnvelopeError("cancelled_error", "the message was cancelled before its handler had begun")

    async def _hash_of(self, body: memoryview) -> str:
        """Hash it beside the event loop where it would take long: a megabyte takes more than a millisecond."""
        if len(body) <= _QUICKLY_HASHED:
            return hashlib.sha256(body).hexdigest()
        return await self._attempt("stored", lambda: hashlib.sha256(body).hexdigest())

    async def _upload(self, body: memoryview, sha256: str) -> Raw:
        now = datetime.now(UTC)
        reference = self._place.refer(sha256, len(body), now)
        key = self._place.key_of(reference)
        async with self._slots:
            is_new = await self._attempt("stored", lambda: self._write(key, body))
        self._metrics.claim("stored" if is_new else "kept", len(body))
        self._known.add(reference, lease_clock(), now)
        return write_reference(reference)

    def _uploaded(self, task: asyncio.Task[Raw], sha256: str) -> None:
        del self._uploads[sha256]
        if not task.cancelled():
            task.exception()  # where nobody waits for it any more, it is nobody's

    async def _attempt(self, direction: str, call: Callable[[], _T]) -> _T:
        try:
            return await apart(call)
        except ObjectStoreError:
            self._metrics.claim_failed(direction)
            raise
        except RuntimeError as error:  # no thread could be had, for example: that passes, and the message must not stay
            self._metrics.claim_failed(direction)
            raise ObjectStoreError(f"the store could not be asked: {error}") from error

    def _write(self, key: str, body: memoryview) -> bool:
        """Tell whether it had to be written: not where it lies there.

        A folder may hold less than the payload under its key after a loss of power, from a writer that had not ended.
        """
        if self._store.create(key, body):
            return True
        if self._store.size(key) == len(body):
            return False
        self._store.put(key, body)
        return True

    def _has(self, key: str) -> bool:
        try:
            self._store.get(key)
        except ObjectMissingError:
            return False
        return True

    def _read(self, key: str, reference: Reference) -> bytes:
        """Read and check a payload, in a thread; messages are as deep as others may be, whatever way they came."""
        try:
            body = self._store.get(key, reference.size)
        except ObjectMissingError:
            raise ClaimError("claim_missing", f"payload_ref: {reference.uri!r} is not there; {_WHY_MISSING}") from None
        except ObjectSizeError as error:
            raise ClaimError("claim_refused", f"payload_ref: {error}") from None
        if hashlib.sha256(body).hexdigest() != reference.sha256:
            sentence = f"payload_ref: what lies at {reference.uri!r} is not what was stored there: its hash is another"
            raise ClaimError("claim_refused", sentence)
        check_limits(body, Limits(len(body), _DEPTH))
        return body


def open_claims(settings: ClaimSettings | None, metrics: Metrics) -> Claims | None:
    """Open the store of large payloads, or return None where none is set. No network is used here.

    Raises SettingsError when it can't be opened.
    """
    if settings is None:
        return None
    objects = importlib.import_module("asya_core.objects")  # only here, since it costs memory and time
    try:
        store = objects.open_store(settings.url, settings.credentials(), make_folder=False)
    except (ObjectStoreError, OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"ASYA_CLAIM_CHECK_URL: {error}"]) from error
    return Claims(settings, store, metrics)
