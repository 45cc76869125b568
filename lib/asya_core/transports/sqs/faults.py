"""What a failed call means: for the message or queue it was about, and for the connection it went over."""

from __future__ import annotations

import re
from typing import NamedTuple

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    SSLError,
    TokenRetrievalError,
)

from asya_core.errors import (
    MessageTooLargeError,
    QueueConflictError,
    QueueMissingError,
    TransportError,
    TransportRefusedError,
    TransportUnavailableError,
)

MISSING = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NonExistentQueue"})
EXISTS = frozenset({"QueueAlreadyExists", "QueueNameExists"})
DELETED_RECENTLY = frozenset({"AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently"})
TOO_LONG = frozenset({"AWS.SimpleQueueService.BatchRequestTooLong", "BatchRequestTooLong"})
DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
BAD_KEYS = frozenset({
    "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidAccessKeyId",
    "InvalidClientTokenId", "InvalidSecurity", "InvalidIdentityToken", "MissingAuthenticationToken", "OptInRequired",
    "RequestExpired", "SignatureDoesNotMatch", "UnrecognizedClientException",
})  # fmt: skip
BUSY = frozenset({
    "InternalError", "InternalFailure", "KmsThrottled", "OverLimit", "RequestLimitExceeded", "RequestThrottled",
    "ServiceUnavailable", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException",
})  # fmt: skip
"""What passes by itself."""

_OLD_CODE = re.compile(r"<Code>(\w+)</Code>")
_SERVER_ERROR, _TOO_MANY = 500, 429
_KEYS = "check the keys in the Secret, or the role of the pod's service account"


class Fault(NamedTuple):
    """The error to raise, and whether the connection should be made anew."""

    error: TransportError
    ends_link: bool


class CallRefusedError(TransportRefusedError):
    """SQS refused a whole call. `code` is its name for the reason."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


def read_fault(error: Exception, operation: str, address: str, seconds: float) -> Fault:
    """Choose by what the client raised for one call, which was given so many seconds."""
    match error:
        case ClientError():
            return _of_answer(error, operation)
        case TimeoutError():
            way = "check the address, and that a network policy lets this pod reach it"
            return Fault(TransportUnavailableError(f"{address} did not answer within {seconds:g} s; {way}"), True)
        case NoCredentialsError() | PartialCredentialsError() | CredentialRetrievalError() | TokenRetrievalError():
            return Fault(TransportRefusedError(f"there are no keys to enter {address} with ({error}); {_KEYS}"), True)
        case SSLError():
            sentence = f"the certificate of {address} can't be trusted ({error}); put its authority into ca.crt"
            return Fault(TransportRefusedError(sentence), True)
        case BotoCoreError() | OSError():
            sentence = f"{address} can't be reached: {error}; check ASYA_SQS_ENDPOINT and ASYA_SQS_REGION"
            return Fault(TransportUnavailableError(sentence), True)
        case _:
            sentence = f"{address} gave an answer that nobody foresaw ({type(error).__name__}: {error})"
            return Fault(TransportUnavailableError(sentence), True)


def _of_answer(error: ClientError, operation: str) -> Fault:
    """Read what SQS, or the service that hands out keys, answered."""
    details = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = str(details.get("Message") or "it gave no reason")
    code = _code(str(details.get("Code", "")), said)
    sentence = f"SQS refused {operation}: {code}: {said}"
    if code in BAD_KEYS or error.operation_name != operation:
        return Fault(TransportRefusedError(f"{error.operation_name} was refused: {code}: {said}; {_KEYS}"), True)
    if code in MISSING:
        return Fault(QueueMissingError(f"{sentence}; install its actor first, whose hook Job makes the queue"), False)
    if code in DELETED_RECENTLY:
        wait = "a queue that was deleted can be made again 60 seconds later; try again then"
        return Fault(TransportUnavailableError(f"{sentence}; {wait}"), False)
    if code in EXISTS:
        return Fault(QueueConflictError(sentence), False)
    if code in BUSY or status >= _SERVER_ERROR or status == _TOO_MANY:
        return Fault(TransportUnavailableError(sentence), False)
    if code in DENIED:
        sentence += "; allow it in the IAM policy of this pod's role or user"
    return Fault(CallRefusedError(sentence, code), False)


def _code(code: str, said: str) -> str:
    """Return the reason's name, also from an answer in the protocol's older form, as some stand-ins give."""
    if not code.isdigit():
        return code
    found = _OLD_CODE.search(said)
    return found[1] if found else code


def of_entry(failed: dict[str, object], queue: str) -> TransportError:
    """Read why SQS did not take one message of a batch."""
    code, said = str(failed.get("Code", "")), str(failed.get("Message") or "it gave no reason")
    return of_refusal(code, f"queue {queue} refused the message: {code}: {said}")


def of_refusal(code: str, sentence: str) -> TransportError:
    """Choose the error for one message that was refused: too large, or anything else, which is tried again."""
    is_size = "shorter than" in sentence or "message size" in sentence.lower()
    if code in TOO_LONG or (code == "InvalidParameterValue" and is_size):
        return MessageTooLargeError(sentence)
    return TransportUnavailableError(sentence)
