"""What a grid of thousands of jobs asks before its first job starts: `python -m benchmarks.large_grid [JOBS]`.

The demo's TOFU with 22 carriers and as many seeds as JOBS (20000) need (benchmarks/large_study.py), nothing of it done: Snakemake's own
dry run, `grunflow plan` and `grunflow jobs`, each in a process of its own: wall and CPU seconds and the peak of resident memory.
"""

import os
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks.large_study import study_of
from benchmarks.spent import spent
from grunflow.config.jobs import all_jobs
from grunflow.config.reading import read_study

ROOT = Path.cwd()
STUDY = ["--configfile", "study.yaml"]
COMMANDS = {
    "dry run": ["snakemake", "--snakefile", str(ROOT / "workflow/Snakefile"), "--workflow-profile", str(ROOT / "workflow/profiles/default"),
                *STUDY, "-n", "--quiet", "rules"],
    "plan": ["grunflow", "plan", *STUDY],
    "jobs": ["grunflow", "jobs", *STUDY],
}  # fmt: skip


def grid_of(jobs: int) -> dict:
    """The study with the fewest seeds that has so many jobs: their number is linear in the seeds, but for what all share."""
    least = study_of(1)
    runs = len(least["carriers"]) + 1  # of a seed and an objective; carrier full needs no settings
    runs *= len(least["objectives"])
    few, more = (len(all_jobs(read_study(study_of(runs * seeds)))) for seeds in (1, 2))
    return study_of(runs * (1 + -(-max(0, jobs - few) // (more - few))))


def main() -> None:
    study = grid_of(int(sys.argv[1]) if len(sys.argv) > 1 else 20000)
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "config").symlink_to(ROOT / "config")
        os.chdir(place)
        Path("study.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
        print(f"{len(study['seeds'])} seeds, {len(all_jobs(read_study(study)))} jobs", flush=True)
        for name, command in COMMANDS.items():
            seconds, cpu_seconds, peak = spent(command, name.replace(" ", "_"))
            print(f"{name:8} {seconds:7.1f} s wall {cpu_seconds:7.1f} s CPU {peak / 2**30:5.2f} GiB", flush=True)
        os.chdir(ROOT)


if __name__ == "__main__":
    main()
