"""Published tables in their own layout: each number beside ours."""

from pathlib import Path

import pytest
import yaml

from grunflow.config.layouts import read_layouts
from grunflow.config.published import COLUMNS, IDENTITY
from grunflow.config.shown_specs import Tables
from grunflow.errors import BadInput
from grunflow.reporting import ledger
from grunflow.reporting.tables.paper import paper_table
from grunflow.stages import tables

SHIPPED = "config/published/grun_tables.yaml"
TABLE = {
    "number": 3,
    "title": "A table",
    "source": "A",
    "blocks": [{"label": "Tiny", "model": "tiny", "split": "forget10"}],
    "rows": [
        {"label": "Target", "objective": "target"},
        {"label": "GD GRUN", "objective": "gd", "carrier": "grun"},
        {"label": "GD both", "objective": "gd", "carrier": "grun", "ours": ["full", "lora"]},
    ],
    "columns": [{"label": "Utility", "metric": "model_utility"}, {"label": "None", "metric": "nonsense"}],
}
HEADER = ",".join(COLUMNS)
NUMBERS = f"""{HEADER}
tiny,forget10,gd,grun,model_utility,85.0,percent,-,A,3,p. 3,first hand
tiny,forget10,target,,model_utility,0.1,fraction,-,somebody else,3,p. 3,first hand
"""


def files(folder: Path, *layouts: dict) -> tuple[str, str]:
    numbers, sheet = folder / "numbers.csv", folder / "tables.yaml"
    numbers.write_text(NUMBERS)
    sheet.write_text(yaml.safe_dump({"tables": list(layouts)}))
    return str(numbers), str(sheet)


def test_each_table_of_the_sheet_is_written_with_ours_beside(demo, tmp_path: Path) -> None:
    published = files(tmp_path, TABLE)
    out = tmp_path / "out"
    out.mkdir()
    tables.run(Tables(**demo.shown, names=("paper_3", "published"), published=published), demo.work(out))
    assert {path.name for path in out.glob("paper_3.*")} == {"paper_3.csv", "paper_3.md", "paper_3.tex"}


def test_a_number_is_of_its_source_and_a_method_of_several_carriers_has_a_row_for_each(demo, tmp_path: Path) -> None:
    numbers, sheet = files(tmp_path, TABLE)
    ours = ledger.values(demo.results)
    table = paper_table(read_layouts([numbers, sheet])["paper_3"], ledger.read_cells([numbers], demo.results), ours)
    assert table.shown["Method"].tolist() == ["Target", "GD GRUN", "GD both (full)", "GD both (lora)"]
    means = [ours["tiny", "forget10", *method, "model_utility"].mean()
             for method in (("target", ""), ("gd", "grun"), ("gd", "full"), ("gd", "lora"))]  # fmt: skip
    assert table.tidy["model_utility"].tolist() == pytest.approx(means)
    # Another source's number is not this table's; ours takes unit and digits of what is printed.
    assert table.shown["Utility"].tolist() == [
        f"– / {means[0]:.3f}", *(f"85.0 / {100 * mean:.1f}" for mean in means[1:])
    ]  # fmt: skip
    assert table.shown["None"].tolist() == ["– / –"] * 4
    assert "3 of 8 published numbers are typed in" in table.caption


def test_the_shipped_layouts_have_every_cell_of_their_source_and_no_other(demo) -> None:
    cells = ledger.read_cells(["config/published/grun.csv"], demo.results)
    told = {
        (block.model, block.split, row.objective, row.carrier, column.metric, layout.source)
        for layout in read_layouts([SHIPPED]).values()
        for block in layout.blocks
        for row in layout.rows
        for column in layout.columns
    }
    assert told == set(cells[[*IDENTITY, "source"]].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("layouts", "message"),
    [
        ((TABLE, TABLE), "table 2.number: 3 is another table's"),
        (({**TABLE, "colums": []},), "table 1.colums: Unknown key 'colums'. Did you mean 'columns'"),
    ],
)
def test_a_bad_layout_is_refused_in_one_line(tmp_path: Path, layouts: tuple[dict, ...], message: str) -> None:
    _, sheet = files(tmp_path, *layouts)
    with pytest.raises(BadInput, match=message) as caught:
        read_layouts([sheet])
    assert str(caught.value).startswith(sheet)
