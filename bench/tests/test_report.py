"""From rows to tables and the picture."""

import re
import xml.etree.ElementTree as ET

import pytest

from bench import rows as results
from bench.picture import draw
from bench.report import BEGIN, END, PEERS, number, ratios, replace_figures, size_name
from bench.rows import Results, Row

MACHINE = {"at": "2026-01-31T12:00:00+00:00", "cores": 2, "processor": "A Processor", "load_before": 0.1}


def throughput(system, rate, size=1024, **more):
    return Row(bench="throughput", system=system, payload_bytes=size, rate=rate, rate_min=rate, rate_max=rate, **more)


def everybody(size=1024):
    rates = {"asya": 8000.0, "asya-orjson": 9000.0, "celery": 500.0, "dramatiq": 2000.0, "faststream": 1600.0}
    return [throughput(system, rate, size) for system, rate in rates.items()]


def run_of(rows):
    return Results(machine=MACHINE, versions={"python": "3.13.0"}, commit="abc", rows=rows)


def test_a_row_has_the_members_that_readers_of_the_file_expect(tmp_path):
    results.write(run_of([throughput("asya", 8000.0)]), tmp_path / "results.json")
    assert list(results.msgspec.json.decode((tmp_path / "results.json").read_bytes())["rows"][0])[:12] == [
        "bench", "system", "transport", "payload_bytes", "rate", "rate_min",
        "rate_max", "rounds", "p50_ms", "p99_ms", "cpu_us", "rss_mb",
    ]  # fmt: skip


def test_results_that_were_written_are_read_back(tmp_path):
    before = run_of([*everybody(), Row(bench="latency", system="asya", p50_ms=1.5, details={"load": 0.5})])
    results.write(before, tmp_path / "results.json")
    assert results.read(tmp_path / "results.json") == before
    assert [each.name for each in tmp_path.iterdir()] == ["results.json"]


def test_our_ratio_is_to_each_peer_with_payloads_of_the_same_size():
    rows = [*everybody(), *everybody(65536), throughput("taskiq", 1.0, 65536)]
    assert ratios(rows, "asya", 1024) == {"celery": 16.0, "dramatiq": 4.0, "faststream": 5.0}


def test_new_figures_take_the_place_of_the_old_ones_and_of_nothing_else():
    page = f"# Title\n{BEGIN}\nold\n{END}\n## The rest\n"
    written = replace_figures(page, run_of(everybody()))
    assert written.startswith("# Title\n")
    assert written.endswith("## The rest\n")
    assert "old" not in written
    assert "| dramatiq | 2,000 | 2,000 to 2,000 |  |  | 4.00 times |" in written
    assert replace_figures(written, run_of(everybody())) == written


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="lacks its marks"):
        replace_figures("# Title\n", run_of([]))


def test_other_benches_have_only_the_columns_that_they_use():
    rows = [Row(bench="memory", system="asya", rss_mb=40.25, details={"idle_cpu_percent": 0.1})]
    written = replace_figures(f"{BEGIN}{END}", run_of(rows))
    assert "| system | transport | MB | more |" in written
    assert "| asya | rabbitmq | 40.2 | idle_cpu_percent 0.1 |" in written


@pytest.mark.parametrize(
    ("size", "expected"), [(None, ""), (100, "100 B"), (1024, "1 KB"), (65536, "64 KB"), (1048576, "1 MB")]
)
def test_sizes_are_written_as_people_say_them(size, expected):
    assert size_name(size) == expected


@pytest.mark.parametrize(("value", "expected"), [(None, ""), (12345.6, "12,346"), (99.12, "99.1"), (0.0123, "0.0123")])
def test_numbers_have_the_digits_that_matter(value, expected):
    assert number(value) == expected


def test_the_picture_has_a_bar_for_each_peer_as_long_as_its_ratio():
    page = ET.fromstring(draw(everybody()))
    bars = [each for each in page.iter("{http://www.w3.org/2000/svg}rect") if "y" in each.attrib]
    lengths = [float(each.get("width")) for each in bars]
    assert len(bars) == 2 * (len(PEERS) - 1)
    assert lengths[0] / lengths[1] == pytest.approx(16.0 / 4.0, rel=0.01)
    assert re.findall(r">(\d+\.\d)<", draw(everybody())) == ["16.0", "4.0", "5.0", "18.0", "4.5", "5.6"]


def test_a_picture_of_nothing_is_a_picture():
    assert ET.fromstring(draw([])).tag.endswith("svg")
