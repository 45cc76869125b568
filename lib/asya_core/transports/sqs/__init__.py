"""The transport over Amazon SQS, and over what speaks its protocol."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from typing import TYPE_CHECKING

from asya_core.errors import SettingsError
from asya_core.transports.sqs.settings import settings_from

if TYPE_CHECKING:
    from asya_core.transports.sqs.transport import SqsTransport

LIBRARY = "aiobotocore"
"""What speaks to SQS; it takes a third of a second to import, so that happens only when it is sure to be used."""


def from_env(environ: Mapping[str, str]) -> SqsTransport:
    """Build the transport from `ASYA_SQS_*` and `ASYA_SECRETS_DIR`.

    Raises SettingsError, also where the library that speaks to SQS is not installed.
    """
    if importlib.util.find_spec(LIBRARY) is None:
        raise SettingsError(
            [f"ASYA_TRANSPORT: sqs needs the package {LIBRARY}, which is not installed; install asya[sqs]"]
        )
    settings = settings_from(environ)
    transport: SqsTransport = importlib.import_module(f"{__name__}.transport").SqsTransport(settings)
    return transport
