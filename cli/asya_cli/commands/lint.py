"""`asya lint`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from asya_cli.assets import Assets, find_assets
from asya_cli.commands.file_names import complete_chart, complete_file, complete_values
from asya_cli.errors import FAILED, CliError, MisuseError
from asya_cli.lint.files import lint_files, values_files

_HELP = """\
Check values files with the chart, before anybody installs them.

FILES are values files, or folders of them, one file per actor. The chart's schema and its guards are run by Helm, and
every mistake is shown with its file and line; for a key that nobody knows, the nearest right one is named.

\b
asya lint my-model.yaml
asya lint my-model.yaml -f flavors/gpu.yaml
asya lint actors/ -f values/prod.yaml --flavors
asya lint pipeline.yaml --chart pipeline

Files given with -f come before each of FILES, as in `helm install`; flavors/ and values/ stand for ours where there is
no such file here.

Exit codes: 0 nothing found; 1 mistakes were found; 2 the command line is wrong.
"""


@click.command(help=_HELP)
@click.argument("files", metavar="FILES...", nargs=-1, required=True, shell_complete=complete_file)
@click.option(
    "-f",
    "--values",
    "before",
    multiple=True,
    metavar="FILE",
    help="Values under each file; may be repeated.",
    shell_complete=complete_values,
)
@click.option("--flavors", is_flag=True, help="Give each file the flavors that it names itself, before it.")
@click.option(
    "--chart",
    default="actor",
    show_default=True,
    help="A chart of ours by name, or a chart's folder.",
    shell_complete=complete_chart,
)
def command(*, files: Sequence[str], before: Sequence[str], flavors: bool, chart: str) -> int:
    """Check values files with the chart, before anybody installs them."""
    assets = find_assets()
    given = values_files(files)
    below = [assets.values_file(each, Path()) for each in before]
    findings = lint_files(given, _chart(assets, chart), below, partial(_flavor, assets) if flavors else None)
    for finding in findings:
        click.echo(str(finding))
    if findings:
        bad = len({finding.file for finding in findings})
        click.echo(f"error: {_count(len(findings), 'mistake')} in {_count(bad, 'file')}; correct them", err=True)
        return FAILED
    click.echo(f"{_count(len(given), 'file')}: nothing found")
    return 0


def _flavor(assets: Assets, name: str) -> Path | None:
    """Find the file of a flavor, here or among ours."""
    try:
        return assets.values_file(f"flavors/{name}.yaml", Path())
    except CliError:
        return None


def _chart(assets: Assets, given: str) -> Path:
    folder = Path(given)
    if (folder / "Chart.yaml").is_file():
        return folder
    if (assets.charts / given / "Chart.yaml").is_file():
        return assets.charts / given
    ours = ", ".join(sorted(file.parent.name for file in assets.charts.glob("*/Chart.yaml")))
    raise MisuseError(f"no chart {given!r}; it is neither one of ours ({ours}) nor a chart's folder; check the path")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
