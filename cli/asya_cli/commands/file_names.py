"""Completion of files, and of what is delivered with us, on the command line."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from asya_cli.assets import Assets, find_assets
from asya_cli.errors import CliError


def complete_file(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the path of a file or a folder."""
    return [CompletionItem(incomplete, type="file")]


def complete_values(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the path of a values file, and add the flavors and environments that are ours."""
    assets = _assets()
    ours = [f"{folder.name}/{file.name}" for folder in _folders(assets) for file in sorted(folder.glob("*.yaml"))]
    own = [CompletionItem(name) for name in ours if name.startswith(incomplete)]
    return [CompletionItem(incomplete, type="file"), *own]


def complete_chart(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Return our charts that begin as the word does."""
    assets = _assets()
    charts = sorted(file.parent.name for file in assets.charts.glob("*/Chart.yaml")) if assets else []
    return [name for name in charts if name.startswith(incomplete)]


def _folders(assets: Assets | None) -> list[Path]:
    return [assets.flavors, assets.values] if assets else []


def _assets() -> Assets | None:
    """Return what is delivered with us; None where that is incomplete, for a shell can't be told."""
    try:
        return find_assets()
    except CliError:
        return None
