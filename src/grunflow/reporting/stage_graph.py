"""The graph of stages as SVG: rows by depth, so that it fits a narrow window."""

from collections import Counter
from collections.abc import Mapping

from markupsafe import Markup, escape

BOX, ROW, GAP = (164, 34), 62, 14  # width and height of a box, distance of rows, between boxes


def depths(edges: Mapping[tuple[str, str], int], stages: list[str]) -> dict[str, int]:
    """Longest way from a stage without inputs."""
    found: dict[str, int] = {}

    def depth(stage: str) -> int:
        if stage not in found:
            found[stage] = max((depth(source) + 1 for source, sink in edges if sink == stage), default=0)
        return found[stage]

    for stage in stages:
        depth(stage)
    return found


def places(edges: Mapping[tuple[str, str], int], stages: list[str]) -> tuple[dict[str, tuple[float, float]], float]:
    """Stage -> centre of its box, and the width of the whole; a box stands near what it reads."""
    depth = depths(edges, stages)
    rows: dict[int, list[str]] = {}
    for stage in stages:
        rows.setdefault(depth[stage], []).append(stage)
    width = float(max(len(row) for row in rows.values()) * (BOX[0] + GAP) + GAP)
    centres: dict[str, tuple[float, float]] = {}
    for level in sorted(rows):

        def wish(stage: str) -> float:
            above = [centres[source][0] for source, sink in edges if sink == stage]
            return sum(above) / len(above) if above else width / 2

        row = sorted(rows[level], key=wish)
        start = (width - len(row) * (BOX[0] + GAP) + GAP) / 2
        for place, stage in enumerate(row):
            centres[stage] = (start + place * (BOX[0] + GAP) + BOX[0] / 2, level * ROW + ROW / 2)
    return centres, width


def svg(edges: Mapping[tuple[str, str], int], counts: Counter[str]) -> Markup:
    """The drawing; colours follow the page's text. A stage that goes on from jobs of its own has no line to itself."""
    edges = {(source, sink): number for (source, sink), number in edges.items() if source != sink}
    stages = sorted(counts)
    centres, width = places(edges, stages)
    height = max(y for _, y in centres.values()) + ROW / 2
    lines, boxes = [], []
    for source, sink in edges:
        (x1, y1), (x2, y2) = centres[source], centres[sink]
        top, bottom = y1 + BOX[1] / 2, y2 - BOX[1] / 2
        bend = (bottom - top) / 2
        lines.append(Markup('<path d="M{:.0f} {:.0f}C{:.0f} {:.0f} {:.0f} {:.0f} {:.0f} {:.0f}"/>').format(
            x1, top, x1, top + bend, x2, bottom - bend, x2, bottom))  # fmt: skip
    for stage, (x, y) in centres.items():
        boxes.append(
            Markup('<g><rect x="{:.0f}" y="{:.0f}" width="{}" height="{}" rx="5"/><text x="{:.0f}" y="{:.0f}">{}</text></g>').format(
                x - BOX[0] / 2, y - BOX[1] / 2, *BOX, x, y + 4, f"{stage} × {counts[stage]}"
            )
        )  # fmt: skip
    title = escape("Stages of the study and how many jobs each had")
    return Markup(
        '<svg class="dag" role="img" aria-label="{}" viewBox="0 0 {:.0f} {:.0f}" style="max-width:{:.0f}px">{}{}</svg>'
    ).format(title, width, height, width, Markup("").join(lines), Markup("").join(boxes))
