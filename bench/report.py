"""From results to the tables of README.md. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from bench.figures import ratio
from bench.rows import Results, Row

BEGIN, END = "<!-- figures: written by make bench -->", "<!-- end of figures -->"
OURS = ("asya", "asya-orjson")
PEERS = ("celery", "dramatiq", "taskiq", "faststream")
_KIB = 1024
_WHOLE = 100.0  # from here on, what is behind the point does not matter
_SCALES = ((_KIB * _KIB, "MB"), (_KIB, "KB"), (1, "B"))

TITLES = {
    "throughput": "Messages a second",
    "broker": "The broker's own ceiling",
    "latency": "Latency",
    "memory": "Memory and processor time at rest",
    "startup": "From process start to the first message passed on",
    "hops": "Actors in a row",
    "fan-out": "A hundred children of one message",
    "waiting": "Coroutines that wait 100 ms",
    "batch": "A vectorised handler, one by one and in batches",
    "claims": "Large payloads, in the message and as claim checks",
    "sqs": "Calls of SQS for a message",
    "growth": "Other queues on the broker, and messages that wait",
}
"""Of the benches that there may be, in the order in which they are shown."""


def replace_figures(page: str, results: Results) -> str:
    """Return the page with new figures between the two marks. Raises ValueError where there are none."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks its marks {BEGIN} and {END}")
    return f"{head}{BEGIN}\n\n{figures(results)}\n{END}{tail}"


def figures(results: Results) -> str:
    """Return everything that a run has found, as Markdown."""
    machine = results.machine
    where = f"on {machine['cores']} cores ({machine['processor']}), load before it {machine['load_before']}"
    parts = [
        f"Measured at {machine['at']} {where}, commit `{results.commit or 'unknown'}`.\n",
        "![How many times the rate of each other system](ratios.svg)\n",
    ]
    for bench, title in TITLES.items():
        rows = [row for row in results.rows if row.bench == bench]
        if rows:
            parts += [f"### {title}\n", *(_throughput(rows) if bench == "throughput" else [_plain(rows)])]
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    return "\n".join([*parts, f"Versions: {versions}.\n"])


def size_name(size: int | None) -> str:
    """Write a number of bytes as people say it."""
    if size is None:
        return ""
    scale, unit = next((scale, unit) for scale, unit in _SCALES if size >= scale or scale == 1)
    return f"{size / scale:g} {unit}"


def number(value: float | None) -> str:
    """Write a figure with as many digits as matter."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.3g}"


def ratios(rows: Iterable[Row], ours: str, size: int, transport: str = "rabbitmq") -> dict[str, float]:
    """Return how many times each peer's throughput ours is, with payloads of one size."""
    rates = {
        row.system: row.rate
        for row in rows
        if (row.bench, row.payload_bytes, row.transport) == ("throughput", size, transport)
    }
    found = {peer: ratio(rates.get(ours), rates.get(peer)) for peer in PEERS}
    return {peer: value for peer, value in found.items() if value is not None}


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def _throughput(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a table for each transport and size."""
    for transport, size in sorted({(row.transport, row.payload_bytes or 0) for row in rows}, key=_rabbitmq_first):
        those = [row for row in rows if (row.transport, row.payload_bytes) == (transport, size)]
        base = next((row.rate for row in those if row.system == "asya"), None)
        yield f"{transport}, {size_name(size)}:\n"
        head = ("system", "messages/s", "lowest to highest", "µs of processor time a message", "MB", "asya is")
        yield table(head, (_throughput_line(row, base) for row in those))


def _rabbitmq_first(key: tuple[str, int]) -> tuple[bool, str, int]:
    return key[0] != "rabbitmq", *key


def _throughput_line(row: Row, base: float | None) -> Sequence[str]:
    times = None if row.system == "asya" else ratio(base, row.rate)
    cpu = ", ".join(f"{part} {number(used)}" for part, used in row.details.get("cpu_us", {}).items())
    between = f"{number(row.rate_min)} to {number(row.rate_max)}"
    return row.system, number(row.rate), between, cpu, number(row.rss_mb), f"{times:.2f} times" if times else ""


_COLUMNS: Sequence[tuple[str, Callable[[Row], str]]] = (
    ("system", lambda row: row.system),
    ("transport", lambda row: row.transport),
    ("payload", lambda row: size_name(row.payload_bytes)),
    ("messages/s", lambda row: number(row.rate)),
    ("lowest to highest", lambda row: f"{number(row.rate_min)} to {number(row.rate_max)}" if row.rate_min else ""),
    ("p50 ms", lambda row: number(row.p50_ms)),
    ("p99 ms", lambda row: number(row.p99_ms)),
    ("µs a message", lambda row: number(row.cpu_us)),
    ("MB", lambda row: number(row.rss_mb)),
    ("more", lambda row: ", ".join(f"{name} {_detail(value)}" for name, value in row.details.items())),
)


def _plain(rows: Sequence[Row]) -> str:
    """Return one table of all rows, without the columns that are empty."""
    used = [(name, cell) for name, cell in _COLUMNS if any(cell(row) for row in rows)]
    return table([name for name, _ in used], ([cell(row) for _, cell in used] for row in rows))


def _detail(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {_detail(each)}" for name, each in value.items()) + ")"
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
