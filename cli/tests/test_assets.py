import pytest

from asya_cli.assets import find_assets
from asya_cli.errors import CliError


def test_a_checkout_serves_what_is_written_in_it():
    assets = find_assets()
    assert (assets.chart("actor") / "values.yaml").is_file()
    assert (assets.values / "local.yaml").is_file()
    assert (assets.runtime / "asya_runtime" / "__main__.py").is_file()


def test_an_installed_wheel_serves_its_bundle(tmp_path):
    package = tmp_path / "site-packages" / "asya_cli"
    chart = package / "bundle" / "charts" / "actor"
    chart.mkdir(parents=True)
    (chart / "Chart.yaml").touch()
    assets = find_assets(package)
    assert assets.chart("actor") == chart
    assert assets.runtime == package / "bundle" / "runtime"


def test_an_installation_without_charts_says_so(tmp_path):
    package = tmp_path / "site-packages" / "asya_cli"
    package.mkdir(parents=True)
    with pytest.raises(CliError, match="installation is incomplete"):
        find_assets(package)


def test_a_chart_that_is_not_delivered_is_named():
    with pytest.raises(CliError, match="the chart 'nonesuch' is not at"):
        find_assets().chart("nonesuch")


def test_a_values_file_is_found_where_the_user_is_before_it_is_found_here(tmp_path):
    assets = find_assets()
    assert assets.values_file("values/local.yaml", tmp_path) == assets.values / "local.yaml"
    own = tmp_path / "values" / "local.yaml"
    own.parent.mkdir()
    own.touch()
    assert assets.values_file("values/local.yaml", tmp_path) == own


@pytest.mark.parametrize("given", ["nowhere.yaml", "values/nowhere.yaml", "pyproject.toml"])
def test_a_values_file_that_is_nowhere_is_an_error(given, tmp_path):
    with pytest.raises(CliError, match=f"no values file '{given}'"):
        find_assets().values_file(given, tmp_path)
