"""Descriptions of AWS' services, without the largest of them.

botocore reads a megabyte with the endpoints of all services, which takes 7 MB and 50 ms of every pod. But the address
of a service comes from its own rules; of that file it then takes only what is the same for all, and that is in the
short list of partitions, too.
"""

from __future__ import annotations

from typing import Any

from botocore.loaders import Loader

ENDPOINTS, PARTITIONS = "endpoints", "partitions"
_EVERYWHERE = {"hostname": "{service}.{region}.{dnsSuffix}", "protocols": ["https"], "signatureVersions": ["v4"]}


def short_loader() -> Any:
    """Return what reads descriptions from disk as the SDK does, but the endpoints from the list of partitions."""
    loader = Loader()
    from_disk = loader.load_data_with_path

    def load_data_with_path(name: str) -> tuple[Any, Any]:
        if name != ENDPOINTS:
            found: tuple[Any, Any] = from_disk(name)
            return found
        described, path = from_disk(PARTITIONS)
        return {"version": 3, "partitions": [_partition(each) for each in described["partitions"]]}, path

    loader.load_data_with_path = load_data_with_path
    return loader


def _partition(described: dict[str, Any]) -> dict[str, Any]:
    """Write a partition as the file of endpoints would."""
    return {
        "partition": described["id"],
        "partitionName": described["id"],
        "dnsSuffix": described["outputs"]["dnsSuffix"],
        "regionRegex": described["regionRegex"],
        "defaults": _EVERYWHERE,
        "regions": {},
        "services": {},
    }
