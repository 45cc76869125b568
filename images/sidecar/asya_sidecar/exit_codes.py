"""How the sidecar's processes end, for whoever reads a pod's status."""

OK = 0
"""Stopped as asked, with nothing left in hand."""

DRAIN_CUT_SHORT = 1
"""`ASYA_DRAIN_TIMEOUT` passed before all was finished; what was in hand goes back to its queue."""

BAD_SETTINGS = 2
"""Settings can't be used, the address for metrics included; the log names each."""

TRANSPORT_FAILED = 3
"""The broker refuses us, or a queue, in a way that waiting does not mend; the log says why."""

INTERNAL_ERROR = 4
"""A mistake of this program; the log has its traceback. What was in hand goes back to its queue."""
