"""grunflow init: a study of your own from one that there is, cut down to what flags name, and valid before it is written."""

import argparse
from pathlib import Path
from typing import Any

from grunflow.errors import BadInput

LIKE = Path("config/demo.yaml")
# Keys of a study that say how runs are made and scored; the others are of its own results.
KEPT = (
    "conventions", "vocabulary", "models_sheet", "revisions", "objectives", "carriers", "training", "overrides", "conditions",
    "snapshots", "engine", "max_new_tokens", "evaluation_batch_size", "keep", "gpu", "gpus_per_node",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", help="its name, and that of its folder under results/")
    parser.add_argument(
        "--like", type=Path, default=LIKE, metavar="FILE", help=f"study that settings are taken from ({LIKE})"
    )
    parser.add_argument("--benchmark", help="name under `benchmarks:` of that one (that of its grid's first row)")
    parser.add_argument("--model", help="row of the models sheet (that of the row)")
    parser.add_argument("--objectives", nargs="+", metavar="NAME", help="(those of the row)")
    parser.add_argument("--carriers", nargs="+", metavar="NAME", help="(those of the row)")
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="replicates, target and unlearning seeds 0 to N-1 (1)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="(config/<study>.yaml)")


def run(arguments: argparse.Namespace) -> None:
    import yaml

    from grunflow.config.jobs import all_jobs
    from grunflow.config.reading import read_study
    from grunflow.config.typed import read_yaml

    out = arguments.out or Path("config") / f"{arguments.study}.yaml"
    if out.exists():
        raise BadInput(f"{out}: is there already; take another name, or --out.")
    if arguments.seeds < 1:
        raise BadInput(f"--seeds: got {arguments.seeds}, expected 1 or more.")
    content = cut_down(read_yaml(str(arguments.like), "--like"), arguments)
    jobs = all_jobs(read_study(content))
    head = f"# Made by `grunflow init` from {arguments.like}, whose comments say where the values come from; every key: config/README.md.\n"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(
        head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
    )
    print(
        f"{out}: {len(jobs)} jobs. What they cost: grunflow plan --configfile {out}\n"
        f"Run: snakemake --workflow-profile workflow/profiles/default --configfile {out}"
    )


def cut_down(content: dict[str, Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """The study with one row of a grid, and of overrides and conditions those that concern it."""
    from grunflow.config.where import of_any_seed

    rows = [row for row in content.get("grid") or [] if arguments.benchmark in (None, row.get("benchmark"))]
    first = rows[0] if rows else {}
    row = {
        "benchmark": arguments.benchmark or first.get("benchmark"),
        "model": arguments.model or first.get("model"),
        "objectives": arguments.objectives or first.get("objectives"),
        "carriers": arguments.carriers or first.get("carriers"),
    }
    lacking = [f"--{name}" for name, value in row.items() if not value]
    if lacking:
        raise BadInput(
            f"{', '.join(lacking)}: {arguments.like} has no row of a grid for {row['benchmark']!r} to take it from; name it."
        )
    found = {
        "study": arguments.study,
        "title": f"{arguments.study}: {row['benchmark']}",
        **{key: value for key, value in content.items() if key in KEPT},
        "benchmarks": {name: keys for name, keys in content["benchmarks"].items() if name == row["benchmark"]},
        "seeds": [{"target_seed": seed, "unlearn_seed": seed} for seed in range(arguments.seeds)],
        "grid": [row],
    }
    concerning = {
        "overrides": [item for item in content.get("overrides") or [] if concerns(item, found)],
        "conditions": {
            name: of_any_seed(keys or {})
            for name, keys in (content.get("conditions") or {}).items()
            if concerns(keys or {}, found)
        },
    }
    rest = {key: value for key, value in found.items() if key not in concerning}
    return rest | {key: value for key, value in concerning.items() if value}


def concerns(part: dict[str, Any], study: dict[str, Any]) -> bool:
    """Whether an override or a condition is for a run of the study's one row; names and kinds may stand in its `where`, of a condition
    lists of them."""
    row, where = study["grid"][0], part.get("where") or {}
    for key, names in (
        ("benchmark", [row["benchmark"]]),
        ("model", [row["model"]]),
        ("objective", row["objectives"]),
        ("carrier", row["carriers"]),
    ):
        tables = study.get(f"{key}s") or {}
        kinds = [(tables.get(name) or {}).get("kind", name) for name in names]
        named = where.get(key, [])
        if key in where and not {*names, *kinds} & set(named if isinstance(named, list) else [named]):
            return False
    return True
