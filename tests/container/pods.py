"""What the chart makes of an actor, as far as it is about the runtime's container."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).resolve().parents[2] / "charts/actor"
CONTAINER = "asya-runtime"


class Pod:
    """The pod of an actor, in its rendered objects."""

    def __init__(self, rendered: Sequence[Mapping[str, Any]]) -> None:
        found = {each["kind"]: each for each in rendered if each["kind"] in ("Deployment", "ConfigMap")}
        self.spec = found["Deployment"]["spec"]["template"]["spec"]
        self.container = next(each for each in self.spec["containers"] if each["name"] == CONTAINER)
        self._files = found["ConfigMap"]["data"]

    @property
    def environ(self) -> dict[str, str]:
        return {each["name"]: each["value"] for each in self.container["env"]}

    @property
    def security(self) -> dict[str, Any]:
        """The pod's security context under the container's own."""
        return {**self.spec["securityContext"], **self.container["securityContext"]}

    def files(self) -> Iterator[tuple[str, str]]:
        """Yield path and content of each file that is mounted from the ConfigMap."""
        for mount in self.container["volumeMounts"]:
            if "subPath" in mount:
                yield mount["mountPath"], self._files[mount["subPath"]]

    def empty_dirs(self) -> list[str]:
        """Return where volumes are mounted that begin empty."""
        empty = {each["name"] for each in self.spec["volumes"] if "emptyDir" in each}
        return [each["mountPath"] for each in self.container["volumeMounts"] if each["name"] in empty]


def render(helm: Path, values: Mapping[str, Any], folder: Path, flavors: Sequence[str] = ()) -> Pod:
    """Render an actor with these values over these flavors."""
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(dict(values)), encoding="utf-8")
    before = [word for name in flavors for word in ("-f", CHART / f"flavors/{name}.yaml")]
    done = subprocess.run(
        [helm, "template", "actor", CHART, *before, "-f", file], capture_output=True, text=True, check=True
    )
    return Pod([each for each in yaml.safe_load_all(done.stdout) if each])
