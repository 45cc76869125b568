"""`asya gc`."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

from asya_cli.commands.directory_option import directory_option
from asya_cli.errors import CliError, MisuseError, told
from asya_cli.gc.expired import expired, expired_markers, read_age
from asya_cli.gc.leftovers import remove_half_written_markers, remove_past_days
from asya_cli.gc.lifecycle import lifecycle_rule
from asya_cli.payloads import payloads_url
from asya_cli.repair.asking import counted
from asya_cli.repair.progress import progress
from asya_core.cancellation import FOLDER, is_marker
from asya_core.claim_check import Place
from asya_core.errors import ObjectStoreError
from asya_core.objects import ObjectStore, open_store

_HELP = """\
Remove large payloads (claimCheck) that were stored long ago, of the local run in this folder or of a file:// store.

Markers of messages that were cancelled so long ago go with them, whatever the prefix; nothing else is removed: no
results, no errors. Cloud storage removes old objects by itself; for s3://, gs://
and az:// this prints the rule that it needs, as that cloud's own tool takes it, and how to apply it.

\b
asya gc --dry-run
asya gc --store file:///mnt/payloads --older-than 60d
asya gc --store s3://my-bucket/team > lifecycle.json

Exit codes: 0 done; 1 some could not be removed, or the store could not be read; 2 the command line is wrong.
"""


@click.command(help=_HELP)
@directory_option
@click.option("--store", "url", metavar="URL", help="Store of payloads, as in claimCheck.url.")
@click.option(
    "--prefix", default="payloads-asya/", metavar="PREFIX", show_default=True, help="Folder of payloads in it."
)
@click.option(
    "--older-than", "age", default="30d", metavar="DURATION", show_default=True, help="As claimCheck.expiresAfter."
)
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
def command(directory: Path, url: str | None, prefix: str, age: str, *, dry_run: bool) -> None:
    """Remove large payloads that were stored long ago."""
    kept = read_age(age)
    url = url or payloads_url(directory)
    try:
        folder = Place(url, prefix).prefix
    except ValueError as error:
        raise MisuseError(str(error)) from None
    if urlsplit(url).scheme in ("s3", "gs", "az"):
        _tell_rule(url, folder, kept)
        return
    path = _folder_of(url)
    before = datetime.now(UTC) - kept
    with told():
        store = open_store(url)
        keys = sorted(expired(store.list(folder), folder, before))
        keys += sorted(expired_markers(store.list_versions(FOLDER), before))
    if dry_run:
        for key in keys:
            click.echo(key)
        click.echo(f"{_both(keys)} would be removed from {url}", err=True)
        return
    with told():
        try:
            remove(store, path, keys, url)
        finally:
            remove_past_days(path / folder, before)
            remove_half_written_markers(path / FOLDER, before)


def _folder_of(url: str) -> Path:
    """Return a file:// store's folder, which is not made here. Raises CliError."""
    if urlsplit(url).scheme != "file":
        raise MisuseError(f"--store {url}: no such kind of store; use file://, s3://, gs:// or az://")
    path = Path(unquote(urlsplit(url).path))
    if not path.is_dir():
        raise CliError(f"there is no folder {path}; nothing was removed; mount it, or mend --store")
    return path


def _tell_rule(url: str, prefix: str, kept: timedelta) -> None:
    rule = lifecycle_rule(url, prefix, kept)
    click.echo(rule.text)
    click.echo(f"\nsave the rule in lifecycle.json; then\n  {rule.command}\n{rule.warning}", err=True)


def remove(store: ObjectStore, folder: Path, keys: list[str], url: str) -> None:
    """Remove payloads and markers. Raises CliError where some are left."""
    failures: dict[str, str] = {}
    size = 0
    with progress("removing", len(keys)) as advance:
        for key in keys:
            try:
                size += _remove_one(store, folder, key)
            except (ObjectStoreError, OSError) as error:
                failures[key] = str(error)
            advance()
    click.echo(f"{_both([key for key in keys if key not in failures])} removed from {url}, {size:,} bytes")
    if failures:
        first = next(iter(failures.values()))
        raise CliError(f"{_both(list(failures))} could not be removed; {first}; mend that and run it again")


def _both(keys: list[str]) -> str:
    markers = sum(map(is_marker, keys))
    return f"{counted(len(keys) - markers, 'payload')} and {counted(markers, 'marker')}"


def _remove_one(store: ObjectStore, folder: Path, key: str) -> int:
    """Remove an object and return how many bytes that freed; 0 where somebody else was faster."""
    with suppress(FileNotFoundError):
        size = (folder / key).stat().st_size
        store.delete(key)
        return size
    return 0
