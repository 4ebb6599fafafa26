"""The strongest attack and black-box condition, from made-up tables."""

import re

import pandas as pd

from grunflow.reporting.page import as_table, readable, render
from grunflow.reporting.strongest import strongest


def row(carrier: str, condition: str, access: str, change: float, **keys: object) -> dict:
    return {"benchmark": "tofu", "model": "tiny", "objective": "gd", "carrier": carrier, "condition": condition, "access": access,
            "strength": float("nan"), "measure": "probability", "leak_change": change, "leak_change_lo": change - 0.1,
            "leak_change_hi": change + 0.1, "seeds": 3, **keys}  # fmt: skip


ROWS = [
    row("grun", "plain", "", float("nan")),
    row("grun", "noise", "black-box", 0.2),
    row("grun", "capitals", "black-box", 0.3, objective="npo"),
    row("grun", "shut", "white-box", 0.9),
    row("grun", "relearn", "white-box", 0.1, strength=2.0),
    row("grun", "relearn", "white-box", 0.25, strength=8.0, seeds=1),
    row("full", "noise", "black-box", -0.05),
    row("full", "drawn", "black-box", float("nan"), measure="right_within_k"),
    row("", "noise", "black-box", 0.8, objective="target"),
]
ATTACKS = pd.DataFrame([{"benchmark": "tofu", "attack": "relearn"}])


def test_of_each_carrier_the_largest_change_of_each_kind_the_larger_first() -> None:
    """White-box conditions are bounds and no attack; reference models, and what has no change, are left out."""
    found = strongest({"robustness": pd.DataFrame(ROWS), "relearning": ATTACKS})
    assert [line["whose"] for line in found] == ["grun", "full"]
    assert [(item["what"], item["objective"], item["change"]) for item in found[0]["found"]] == [
        ("black-box capitals", "npo", "+0.300 [+0.200, +0.400]"),
        ("attack relearn after 8 steps, one seed", "gd", "+0.250 [+0.150, +0.350]"),
    ]
    assert [(item["what"], item["change"]) for item in found[1]["found"]] == [
        ("black-box noise", "-0.050 [-0.150, +0.050]")
    ]


def test_several_benchmarks_are_told_apart_and_a_study_with_nothing_of_it_tells_nothing() -> None:
    both = pd.DataFrame([*ROWS, *(item | {"benchmark": "wmdp"} for item in ROWS)])
    found = strongest({"robustness": both, "relearning": ATTACKS})
    assert [line["whose"] for line in found] == ["grun · tofu", "full · tofu", "grun · wmdp", "full · wmdp"]
    assert [item["what"] for item in found[2]["found"]] == ["black-box capitals"]  # of wmdp there is no attack
    assert strongest({}) == strongest({"robustness": pd.DataFrame([ROWS[0]])}) == []


def test_the_first_screen_tells_them_with_their_intervals() -> None:
    page = render(
        title="t", note="n", answer=None, strongest=strongest({"robustness": pd.DataFrame(ROWS), "relearning": ATTACKS}), methods=None,
        own=[], paper=[], tables={}, figures=[], examples=[], filters={}, cost=readable(as_table(pd.DataFrame({"a": []}))), origins=[],
        graph="",
    )  # fmt: skip
    first = page.split('<section id="answer">')[1].split("</section>")[0]
    (line,) = re.findall(r'<li><span class="said">grun</span>: (.*?)</li>', first)
    assert re.sub(r"<.*?>", "", line) == (
        "black-box capitals +0.300 [+0.200, +0.400] npo, probability; attack relearn after 8 steps, one seed +0.250 [+0.150, +0.350] gd, probability"
    )
