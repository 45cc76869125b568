"""Payloads that lie in a store, as the actors' sidecars put them there and refer to them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import msgspec
from msgspec import UNSET, Raw

from asya_cli.errors import CliError
from asya_cli.repair.place import Place
from asya_core.claim_check import Place as ClaimPlace
from asya_core.claim_check import read_reference, with_reference, write_reference
from asya_core.errors import ClaimError, ObjectMissingError
from asya_core.objects import ObjectStore, open_store
from asya_core.outgoing import Publication
from asya_core.redrive import CannotRedriveError

LARGE = 64 * 1024
"""Bytes from which on a payload goes to the store, as `claimCheck.threshold` has it if nothing else is set."""


class PayloadStore:
    """The store of large payloads of one environment. Methods raise ObjectStoreError when it fails."""

    def __init__(self, store: ObjectStore, place: ClaimPlace) -> None:
        self._store = store
        self._place = place

    def read(self, raw: Raw) -> bytes:
        """Return the payload that a reference leads to. Raises ClaimError where it can't be followed."""
        reference = read_reference(raw)
        body = self._store.get(self._place.key_of(reference), reference.size)
        if hashlib.sha256(body).hexdigest() != reference.sha256:
            raise ClaimError("claim_refused", f"{reference.uri} holds other content than it did")
        return body

    def prepared(self, publication: Publication) -> Publication:
        """Return a message as it can be sent: a large payload in the store, and one that is there already not lost.

        Raises CannotRedriveError where its payload is gone, ClaimError where its reference leads elsewhere.
        """
        envelope = publication.envelope
        if envelope.payload_ref is not UNSET:
            self._require(envelope.payload_ref)
        elif envelope.payload is not UNSET and len(body := bytes(envelope.payload)) > LARGE:
            return msgspec.structs.replace(publication, envelope=with_reference(envelope, self._put(body)))
        return publication

    def _require(self, raw: Raw) -> None:
        reference = read_reference(raw)
        try:
            self._store.size(self._place.key_of(reference))
        except ObjectMissingError:
            raise CannotRedriveError(
                f"its payload is not in the store any more ({reference.uri}); give it one with `asya errors edit "
                "--payload-file`"
            ) from None

    def _put(self, body: bytes) -> Raw:
        reference = self._place.refer(hashlib.sha256(body).hexdigest(), len(body), datetime.now(UTC))
        self._store.put(self._place.key_of(reference), body)
        return write_reference(reference)


def payloads_of(place: Place) -> PayloadStore | None:
    """Open the store, None where nothing says where it is. Raises CliError, ObjectStoreError."""
    if not place.claim_url:
        return None
    try:
        return PayloadStore(open_store(place.claim_url), ClaimPlace(place.claim_url, place.claim_prefix))
    except ValueError as error:
        raise CliError(f"{error}; correct where payloads lie") from None
