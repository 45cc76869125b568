"""Opens a cloud's object storage: endpoints, credentials and patience, and what its answers mean."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from obstore.store import from_url

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig
    from obstore.store import ObjectStore as Backend

# Short, since whoever calls retries on its own, and its call has a deadline.
_RETRY: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
_LONGEST_TRANSFER = timedelta(minutes=2)

_ENDPOINTS = ("aws_endpoint", "aws_endpoint_url", "aws_endpoint_url_s3", "endpoint", "endpoint_url", "azure_endpoint")
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "bucket does not exist")

_open = cast("Callable[..., Backend]", from_url)


def open_cloud(url: str, config: Mapping[str, str]) -> Backend:
    """Open `s3://`, `gs://` or `az://`; `config` comes before the environment. No network is used here.

    An endpoint that is written with `http://` is spoken to without TLS. Raises what obstore raises, and ValueError.
    """
    named = {name.lower(): value for name, value in config.items()}
    options: ClientConfig = {"timeout": _LONGEST_TRANSFER}
    # Options that are given here take the place of all that the environment says about them.
    known = {name.lower(): value for name, value in os.environ.items()} | named
    is_allowed = known.get("aws_allow_http", "").lower() in ("1", "true", "yes", "on")
    if is_allowed or any(known.get(name, "").startswith("http://") for name in _ENDPOINTS):
        options["allow_http"] = True
    return _open(url, config=named, client_options=options, retry_config=_RETRY)


def is_without_bucket(answer: str) -> bool:
    """Tell from a cloud's `not found` whether the whole bucket is not there, rather than one object in it.

    Clouds answer both with 404; a bucket may come back with all that is in it.
    """
    return any(words in answer for words in _NO_BUCKET)
