"""Lint every chart: helm lint, and, where Go can build them, kubeconform on what it renders and chart-testing.

Each chart is looked at with its defaults and with each of its `ci/*-values.yaml`. kubeconform reads the Kubernetes
schemas that the package kubernetes-validate brings, so that nothing is fetched.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from tools import go_tools, prepare
from tools.needs import find

CHARTS = prepare.ROOT / "charts"
KUBERNETES = "1.34.0"
# KEDA's and the Prometheus operator's kinds.
FOREIGN_SCHEMAS = prepare.ROOT / "tests" / "chart" / "schemas"
# What `make lint` builds. Helm 4 is a target of its own, for it takes minutes to build.
LINTERS = ("ct", "kubeconform")


def charts() -> list[Path]:
    """Return the folders that hold a chart."""
    return sorted(file.parent for file in CHARTS.glob("*/Chart.yaml"))


def scenarios(chart: Path) -> list[tuple[str, ...]]:
    """Return the arguments for the chart's defaults and for each of its scenarios."""
    return [(), *(("--values", str(file)) for file in sorted(chart.glob("ci/*-values.yaml")))]


def prepare_schemas() -> str:
    """Copy the schemas that kubernetes-validate brings, once, and return kubeconform's template for their paths.

    That package gives its files addresses of its own; in the copy they are just files that stand beside each other.
    """
    spec = find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package kubernetes-validate is missing; run `make clean` and try again")
    source = Path(spec.origin).parent / "kubernetes-json-schema" / f"v{KUBERNETES}-local-strict"
    target = prepare.CACHE / "kubernetes-schemas"
    wanted = prepare.fingerprint([source / "_definitions.json", Path(__file__)])
    if not prepare.is_ready(target, wanted):
        target.mkdir(parents=True, exist_ok=True)
        with prepare.building(target, wanted):
            for file in source.glob("*.json"):
                text = file.read_text(encoding="utf-8").replace('"/api/_definitions.json', '"_definitions.json')
                schema = {key: value for key, value in json.loads(text).items() if key != "$id"}
                (target / file.name).write_text(json.dumps(schema), encoding="utf-8")
    return f"{target}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json"


def environment() -> dict[str, str]:
    """Return the environment with our own programs first on PATH: chart-testing calls helm, yamllint and yamale."""
    ours = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": ours}


def passes(*command: str | Path, given: str | None = None) -> bool:
    """Run one check; when it fails, show what it was and what it said."""
    result = subprocess.run(
        command, input=given, cwd=prepare.ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        print(f"error: {' '.join(str(part) for part in command)}", result.stdout, result.stderr, sep="\n")
    return result.returncode == 0


def helm_lint(helm: Path) -> Iterator[bool]:
    """Lint each chart in each scenario, warnings being errors."""
    for chart in charts():
        for values in scenarios(chart):
            yield passes(helm, "lint", "--strict", "--quiet", chart, *values)


def kubeconform(helm: Path, program: Path) -> Iterator[bool]:
    """Check what each chart renders, in each scenario, against Kubernetes' schemas and those of KEDA and Prometheus."""
    locations = (prepare_schemas(), f"{FOREIGN_SCHEMAS}/{{{{ .ResourceKind }}}}.json")
    options = ("-strict", "-summary", "-kubernetes-version", KUBERNETES)
    for chart in charts():
        for values in scenarios(chart):
            command = [str(helm), "template", "release-name", str(chart), "--kube-version", KUBERNETES, *values]
            rendered = subprocess.run(command, capture_output=True, text=True, check=False)
            if rendered.returncode != 0:
                print(f"error: {chart.name} does not render: {rendered.stderr}")
                yield False
            else:
                where = [word for location in locations for word in ("-schema-location", location)]
                yield passes(program, *options, *where, given=rendered.stdout)


def chart_testing(program: Path) -> bool:
    """Run chart-testing's lint, which also checks the shape of Chart.yaml, on every chart."""
    return passes(program, "lint", "--all", "--config", "ct.yaml")


def main() -> int:
    """Run every check that this machine can run, name the others, and return 1 if one failed."""
    helm = find("helm")
    if helm is None:
        print("error: helm is neither beside Python nor on PATH; charts can't be linted; install helm 3.17 or newer")
        return 1
    results = {"helm lint": all(list(helm_lint(helm)))}
    for name in LINTERS:
        try:
            program = go_tools.build(name)
        except go_tools.UnavailableError as error:
            print(f"not run here: {error}")
            continue
        results[name] = chart_testing(program) if name == "ct" else all(list(kubeconform(helm, program)))
    for name, passed in results.items():
        print(f"{name}: {'passed' if passed else 'failed'} on {len(charts())} charts")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
