"""`asya convert`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from asya_cli.argument import STDIN
from asya_cli.assets import Assets, find_assets
from asya_cli.commands.file_names import complete_file
from asya_cli.convert.conversion import Conversion, convert, is_end
from asya_cli.convert.documents import Manifest
from asya_cli.convert.sources import read_sources
from asya_cli.convert.writing import plan_files, write_files
from asya_cli.errors import FAILED, MisuseError
from asya_cli.lint.files import lint_file

_HELP = """\
Turn AsyncActor manifests into values files of the chart, and print the helm command for each.

MANIFESTS are YAML files with one or more documents, also what `kubectl get asyncactors -o yaml` prints, folders of
them, or - for stdin. Each actor's values are written as <name>.yaml beside the file, or into --output, which several
files need. What could not be carried over is said on stderr, field by field. Each file is then checked with the chart.

\b
asya convert actor.yaml
asya convert manifests/ --output actors/
kubectl get asyncactors -o yaml | asya convert - --output actors/

Exit codes: 0 converted; 1 converted, and the chart refuses a file; 2 the command line or a manifest is wrong, and
nothing was written.
"""


@click.command(help=_HELP)
@click.argument("manifests", metavar="MANIFESTS...|-", nargs=-1, required=True, shell_complete=complete_file)
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder for the values files.")
@click.option("--chart", default="asya/actor", show_default=True, help="The chart that the helm commands name.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option("--check/--no-check", default=True, help="Check each file with the chart.")
def command(*, manifests: Sequence[str], output: Path | None, chart: str, force: bool, check: bool) -> int:
    """Turn AsyncActor manifests into values files of the chart, and print the helm command for each."""
    folder = output or _folder(manifests)
    sources = read_sources(manifests)
    for other in sources.others:
        click.echo(f"note: {other} is no AsyncActor and is left aside", err=True)
    assets = find_assets()
    conversions = _convert_all(sources.manifests, assets)
    files = plan_files(conversions, folder, sources.files, force=force)
    commands = [each.command(str(file), chart) for each, file in zip(conversions, files, strict=True)]
    texts = [each.text(line) for each, line in zip(conversions, commands, strict=True)]
    write_files(list(zip(files, texts, strict=True)))
    for conversion, line in zip(conversions, commands, strict=True):
        _tell_notes(conversion)
        click.echo(line)
    _tell_transports(conversions)
    return _check(conversions, files, assets) if check else 0


def _folder(manifests: Sequence[str]) -> Path:
    """Return the folder of the one file that is named, or the current one for stdin."""
    if len(manifests) > 1 or Path(manifests[0]).is_dir():
        raise MisuseError("several files of manifests need a folder for the values files; give it with --output")
    return Path() if manifests[0] == STDIN else Path(manifests[0]).parent


def _convert_all(manifests: Iterable[Manifest], assets: Assets) -> list[Conversion]:
    schema = json.loads((assets.chart("actor") / "values.schema.json").read_text(encoding="utf-8"))
    flavors = {file.stem for file in assets.flavors.glob("*.yaml")}
    conversions = []
    for manifest in manifests:
        if is_end(manifest):
            click.echo(
                f"note: {manifest.name} is an end actor, which the chart crew brings; it is left aside", err=True
            )
        else:
            conversions.append(convert(manifest, schema, flavors))
    return conversions


def _tell_notes(conversion: Conversion) -> None:
    for note in conversion.notes.left:
        click.echo(f"{conversion.release}: left out: {note}", err=True)
    for note in conversion.notes.changed:
        click.echo(f"{conversion.release}: look at: {note}", err=True)


def _tell_transports(conversions: Sequence[Conversion]) -> None:
    """Say once for each transport what the cluster knew of it, and no manifest."""
    unsaid = Counter(each.transport for each in conversions if each.transport not in each.values.get("transports", {}))
    for transport, count in sorted(unsaid.items()):
        actors = f"{count} actor{'' if count == 1 else 's'}"
        said = (
            f"do not say where {transport} is and who may use it"
            if transport
            else "name no transport, so it is nats unless another file says otherwise"
        )
        file = f"values/{transport or 'sqs'}.yaml"
        click.echo(f"note: the manifests of {actors} {said}; say it once, in a file such as {file}", err=True)


def _check(conversions: Sequence[Conversion], files: Sequence[Path], assets: Assets) -> int:
    """Check each file with the flavors that come with the chart; what others of its flavors say can't be known."""
    findings = []
    for conversion, file in zip(conversions, files, strict=True):
        own = [assets.flavors / f"{name}.yaml" for name in conversion.flavors]
        if all(flavor.is_file() for flavor in own):
            findings += lint_file(file, assets.chart("actor"), own)
    for finding in findings:
        click.echo(str(finding), err=True)
    return FAILED if findings else 0
