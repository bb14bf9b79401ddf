"""What calls cost as the numbers of organizations, tasks, rows and log lines grow.

A server that is built from the contract answers, since a real one cannot hold these sizes: its
tasks have ended, and its rows are samples. Each point is a process of its own, and a duration is
processor time of the client alone. The table has the first and the last point of each curve; a
cost per item that grows with the number would be a cost that is not linear. Requests of a listing
grow with its pages. New tasks are encrypted; results are not, since to unwrap the key of one takes
several milliseconds, whatever the client. Events arrive for 5 s, and none may be lost.

![Processor time, memory and requests by size](curves.svg)
"""

import math
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import EARLIER, HERE, MIB, Row, measure
from large import stand_in, written_key

TITLE = "Curves"
OURS = ["ours", *(["earlier"] if EARLIER else [])]
FIGURE = HERE.parents[1] / "docs" / "curves.svg"
# What grows, the contestant, the sizes, and what the stand-in holds of them.
CURVES = [
    ("create a task, by names", "create", "organizations", (3, 10, 30, 100, 300, 1000)),
    ("wait for a task", "organizations", "organizations", (3, 10, 30, 100, 300, 1000)),
    ("wait for tasks", "tasks", "tasks", (10, 30, 100, 300, 1000)),
    ("list rows", "rows", "rows", (1000, 3000, 10_000, 30_000, 100_000)),
    ("print a table", "table", "rows", (1000, 3000, 10_000, 30_000, 100_000)),
    ("convert to pandas", "frame", "rows", (1000, 3000, 10_000, 30_000, 100_000)),
    ("follow a log", "lines", "lines", (1000, 10_000, 100_000, 1_000_000)),
    ("hear events", "events", "events a second", (10, 30, 100, 300, 1000, 2000)),
]
EVENT_SECONDS = 5
# A cost per item may grow by this factor from the middle of a curve to its end.
MOST = 1.5


def rows() -> Iterator[Row]:
    drawn: dict[str, dict[int, tuple[float, float, float]]] = {}
    with TemporaryDirectory() as folder:
        key, public_key = written_key(Path(folder))
        for what, function, kind, sizes in CURVES:
            points = {who: dict[int, tuple[float, float, float]]() for who in OURS}
            for size in sizes:
                held: dict[str, object] = {"organizations": 2}
                held["public_key"] = public_key if function == "create" else ""
                held |= {
                    "rows": {"tasks": size},
                    "lines": {"lines": size, "organizations": 1},
                    "events a second": {"events": size, "seconds": EVENT_SECONDS},
                }.get(kind, {kind: size})
                with stand_in(**held) as port:
                    for who in OURS:
                        points[who][size] = point(who, function, port, key, size)
            drawn[f"{what} ({kind})"] = points["ours"]
            yield from compared(what, kind, points)
    FIGURE.write_text(draw(drawn))


def point(who: str, function: str, port: int, key: str, size: int) -> tuple[float, float, float]:
    """Return the processor seconds, bytes of memory and requests of one size."""
    found = measure("curves", {who: function}, 0, port=port, key=key, size=size)[who]
    value = found.value
    assert isinstance(value, dict)
    expected = {"create": 1, "table": 1, "events": EVENT_SECONDS * size}.get(function, size)
    assert value["value"] == expected, (function, size, value)
    seconds = EVENT_SECONDS if function == "events" else 1  # of which one counts
    return value["cpu"] / seconds, found.memory, value["requests"]


def compared(
    what: str, kind: str, points: dict[str, dict[int, tuple[float, float, float]]]
) -> Iterator[Row]:
    sizes = list(points["ours"])
    item = kind.split()[0].removesuffix("s")
    for size in (sizes[len(sizes) // 2], sizes[-1]):
        cost = {who: 1e6 * each[size][0] / size for who, each in points.items()}
        most = None
        if size == sizes[-1]:
            middle = sizes[len(sizes) // 2]
            most = MOST * 1e6 * points["ours"][middle][0] / middle
        yield Row(f"{what}, {size:,} {kind}: CPU per {item}", **cost, unit="µs", at_most=most)
    last = sizes[-1]
    memory = {who: each[last][1] / 1024 / last for who, each in points.items()}
    yield Row(f"{what}, {last:,} {kind}: memory per {item}", **memory, unit="KiB")
    requests = {who: each[last][2] for who, each in points.items()}
    if any(requests.values()):
        yield Row(f"{what}, {last:,} {kind}: requests", **requests, unit="")


# -- drawing ---------------------------------------------------------------------------------------
WIDTH, HEIGHT, LEFT, TOP = 300, 170, 60, 30
PANELS = (("processor time", "s", 0, 1.0), ("memory", "MiB", 1, MIB), ("requests", "", 2, 1.0))


def draw(curves: dict[str, dict[int, tuple[float, float, float]]]) -> str:
    """Draw each curve as three panels with logarithmic axes; a straight diagonal is linear."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {3 * WIDTH} {len(curves) * HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for row, (name, points) in enumerate(curves.items()):
        for column, (what, unit, which, scale) in enumerate(PANELS):
            values = [(size, max(point[which] / scale, 1e-3)) for size, point in points.items()]
            title = f"{name}: {what}" if column == 0 else what
            parts += panel(column * WIDTH, row * HEIGHT, title, unit, values)
    return "\n".join([*parts, "</svg>\n"])


def panel(
    x: float, y: float, title: str, unit: str, values: list[tuple[int, float]]
) -> Iterator[str]:
    wide, high = WIDTH - LEFT - 20, HEIGHT - TOP - 40
    left, bottom = x + LEFT, y + TOP + high
    least = 10 ** math.floor(math.log10(min(value for _, value in values)))
    most = 10 ** math.ceil(math.log10(1.001 * max(value for _, value in values)))
    first, last = values[0][0], values[-1][0]

    def place(size: float, value: float) -> tuple[float, float]:
        across = math.log(size / first) / math.log(last / first)
        up = math.log(value / least) / math.log(most / least)
        return left + wide * across, bottom - high * up

    yield f'<text x="{x + 10}" y="{y + 18}" font-weight="bold">{title}</text>'
    yield f'<path d="M{left} {bottom - high}V{bottom}H{left + wide}" fill="none" stroke="gray"/>'
    for value in (least, most):
        _, at = place(first, value)
        text = f"{value:g} {unit}".strip()
        yield f'<text x="{left - 5}" y="{at + 4:.1f}" text-anchor="end">{text}</text>'
    for size, _ in values:
        at, _ = place(size, least)
        text = f"{size // 1000:,}k" if size >= 1000 else str(size)
        yield f'<text x="{at:.1f}" y="{bottom + 15}" text-anchor="middle">{text}</text>'
    line = " ".join("{:.1f},{:.1f}".format(*place(*value)) for value in values)
    yield f'<polyline points="{line}" fill="none" stroke="#2563a8" stroke-width="2"/>'
    for value in values:
        at, height = place(*value)
        yield f'<circle cx="{at:.1f}" cy="{height:.1f}" r="3" fill="#2563a8"/>'
