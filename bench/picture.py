"""A picture of our ratio to each peer, as SVG: one group of bars for each payload, one bar for each peer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from bench.report import OURS, PEERS, ratios, size_name
from bench.rows import Row

WIDTH, LEFT, RIGHT = 760, 190, 70
BAR, GAP, HEADING, TOP = 16, 5, 30, 46
COLOURS = {"celery": "#4c78a8", "dramatiq": "#f58518", "taskiq": "#54a24b", "faststream": "#b279a2"}
TITLE = "Messages a second, as a multiple of each other system's"


def draw(rows: Sequence[Row]) -> str:
    """Return the picture. The thin line stands at 1, where both are equally fast."""
    groups = list(_groups(rows))
    most = max((value for _, bars in groups for value in bars.values()), default=1.0)
    height, marks = TOP, []
    for heading, bars in groups:
        marks.append(_text(12, height + 18, heading, weight="bold"))
        height += HEADING
        for peer, value in bars.items():
            marks += _bar(height, peer, value, most)
            height += BAR + GAP
    one = LEFT + _length(1.0, most)
    marks.append(f'<line x1="{one:.1f}" y1="{TOP}" x2="{one:.1f}" y2="{height}" stroke="#888" stroke-dasharray="3 3"/>')
    return _page(height + 12, marks)


def _groups(rows: Sequence[Row]) -> Iterator[tuple[str, dict[str, float]]]:
    sizes = sorted({row.payload_bytes for row in rows if row.bench == "throughput" and row.payload_bytes})
    for size in sizes:
        for ours in OURS:
            if found := ratios(rows, ours, size):
                yield f"{ours}, {size_name(size)}", {peer: found[peer] for peer in PEERS if peer in found}


def _bar(y: int, peer: str, value: float, most: float) -> Iterator[str]:
    length = _length(value, most)
    yield _text(LEFT - 8, y + 13, f"to {peer}", anchor="end")
    yield f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{COLOURS[peer]}"/>'
    yield _text(LEFT + length + 6, y + 13, f"{value:.1f}")


def _length(value: float, most: float) -> float:
    return (WIDTH - LEFT - RIGHT) * value / max(most, 1.0)


def _text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(words)}</text>'


def _page(height: int, marks: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="13" role="img">'
    )
    frame = f'<title>{TITLE}</title><rect width="{WIDTH}" height="{height}" fill="white"/>'
    return "\n".join([head, frame, _text(12, 26, TITLE, weight="bold"), *marks, "</svg>", ""])
