"""grunflow jobs: every job of a study, as rules, `grunflow plan` and `grunflow why` see them."""

import argparse
import json
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--configfile", type=Path, required=True)
    parser.add_argument("--json", action="store_true", help="one list of {rule, folder, spec, inputs, files}")


def run(arguments: argparse.Namespace) -> None:
    from grunflow.config.jobs import all_jobs
    from grunflow.config.reading import read_study
    from grunflow.config.typed import read_yaml

    jobs = all_jobs(read_study(read_yaml(str(arguments.configfile), "--configfile")))
    if not arguments.json:
        print("\n".join(f"{job.rule:20} {job.folder}" for job in jobs))
        return
    rows = [
        {
            "rule": job.rule,
            "folder": job.folder,
            "spec": job.spec.model_dump(mode="json"),
            "inputs": job.inputs,
            "files": (*job.files, *job.methods),
        }
        for job in jobs
    ]
    print(json.dumps(rows, indent=1))
