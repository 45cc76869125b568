"""Where the charts, flavors, values and the runtime lie: inside an installed wheel, or in a checkout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from asya_cli.errors import CliError


@dataclass(frozen=True, slots=True)
class Assets:
    """Folders of what is delivered beside our Python packages. `runtime` holds the package `asya_runtime`."""

    charts: Path
    flavors: Path
    values: Path
    runtime: Path

    def chart(self, name: str) -> Path:
        """Return the folder of a chart. Raises CliError when this installation lacks it."""
        folder = self.charts / name
        if not (folder / "Chart.yaml").is_file():
            raise CliError(
                f"the chart {name!r} is not at {folder}; this installation is incomplete; install asya again"
            )
        return folder

    def values_file(self, given: str, folder: Path) -> Path:
        """Return the file that `-f` means: as seen from `folder`, or else delivered with us (`flavors/gpu.yaml`).

        Raises CliError when there is neither.
        """
        file = Path(given)
        if (folder / file).is_file():
            return folder / file
        for delivered in (self.flavors, self.values):
            if file.parts[:1] == (delivered.name,) and (own := delivered.parent / file).is_file():
                return own
        raise CliError(f"no values file {given!r}; neither here nor among our flavors and values; check its path")


def find_assets(package: Path | None = None) -> Assets:
    """Find them beside `package`, the folder of `asya_cli` (default: our own).

    A wheel carries them in `asya_cli/bundle`; in a checkout they lie where they are written.
    Raises CliError when neither is there.
    """
    package = package or Path(__file__).resolve().parent
    bundle, checkout = package / "bundle", package.parent.parent
    if bundle.is_dir():
        return Assets(bundle / "charts", bundle / "flavors", bundle / "values", bundle / "runtime")
    if (checkout / "charts").is_dir():
        runtime = checkout / "images" / "runtime"
        return Assets(checkout / "charts", checkout / "flavors", checkout / "values", runtime)
    raise CliError(f"no charts beside {package}; this installation is incomplete; install asya again")
