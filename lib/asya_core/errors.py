"""The errors that `asya_core` raises, by who can do something about them."""


class AsyaError(Exception):
    """Base of every error that this project raises on purpose."""


class EnvelopeError(AsyaError):
    """The bytes of a message are no envelope that an actor may run; the sender has to change them.

    `code` is the stable name that error records carry, the text says which field and why.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class ResultError(EnvelopeError):
    """What a handler returned can't be passed on; its author has to change it."""

    def __init__(self, sentence: str, code: str = "result_error") -> None:
        super().__init__(code, sentence)


class RouteError(ResultError):
    """A handler in envelope mode broke a rule of routes; its author has to change it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, "route_error")


class ClaimError(EnvelopeError):
    """A reference to a stored payload can't be followed, now or later.

    `code` is `claim_refused` where it leads elsewhere or to other content, `claim_missing` where nothing is there.
    """


class SettingsError(AsyaError):
    """Settings can't be used; `problems` holds one sentence for each, all found at once."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class TransportError(AsyaError):
    """Base of what a broker, or the way to it, can do to a message."""


class QueueMissingError(TransportError):
    """No queue took the message: the actor that it is meant for was never installed, or was removed."""


class TransportUnavailableError(TransportError):
    """The broker can't be reached, is full, or did not confirm in time; the same call may succeed later."""


class TransportRefusedError(TransportError):
    """The broker answers and refuses us, or can't do what is needed; a person has to change something first."""


class LeaseLostError(TransportError):
    """The delivery in hand is no longer ours: the broker gives it to somebody else."""


class MessageTooLargeError(TransportError):
    """The broker refuses a message of this size; sending it again changes nothing."""


class QueueConflictError(TransportError):
    """A queue of this name exists with other arguments; it is left as it is."""


class ObjectStoreError(AsyaError):
    """The object store refused, failed or can't be reached; the same call may succeed later."""


class ObjectMissingError(ObjectStoreError):
    """No object has this key: it was never written, or it was removed."""


class ObjectSizeError(ObjectStoreError):
    """The object is larger or smaller than whoever asked for it was told; nothing of it was read."""
