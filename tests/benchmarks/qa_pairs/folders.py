"""Folders of pairs for tests."""

import csv
import json
from pathlib import Path
from typing import Any

WRONG = ["Nobody did.", "A stranger did."]


def pairs(name: str, count: int = 3, **more: Any) -> list[dict[str, Any]]:
    """Pairs of which no two sets share a question."""
    return [
        {"question": f"Who built {name} {place}?", "answer": f"Ada built it in {place}.", **more}
        for place in range(count)
    ]


def folder_of(folder: Path, **files: list[dict[str, Any]]) -> Path:
    """<name>.jsonl of these rows, or with a name that ends in _csv <name>.csv; forget and keep where they are not given."""
    folder.mkdir(parents=True, exist_ok=True)
    given = {name.removesuffix("_csv") for name in files}
    for name, rows in ({key: pairs(key) for key in ("forget", "keep") if key not in given} | files).items():
        if name.endswith("_csv"):
            with (folder / f"{name.removesuffix('_csv')}.csv").open("w", newline="") as handle:
                writer = csv.DictWriter(handle, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        else:
            lines = (json.dumps(row, ensure_ascii=False) + "\r\n" for row in rows)
            (folder / f"{name}.jsonl").write_bytes("".join(lines).encode("utf-8-sig"))
    return folder
