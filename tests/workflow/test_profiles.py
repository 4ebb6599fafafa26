"""The shipped profiles: every rule whose jobs may need a GPU has a partition with GPUs."""

import re
from pathlib import Path

import yaml

WORKFLOW = Path(__file__).parents[2] / "workflow"


def rules_that_ask() -> set[str]:
    """Rules that ask for what the plan says, a GPU among it, and those that are made from one of them."""
    asking = set()
    for file in sorted((WORKFLOW / "rules").glob("*.smk")):
        for block in re.split(r"\n(?=\s*(?:rule|use rule) )", file.read_text()):
            if name := re.match(r"\s*rule (\w+):", block):
                asking |= {name[1]} if "**asks(" in block else set()
            elif made := re.match(r"\s*use rule (\w+) as (\w+) ", block):
                asking |= {made[2]} if made[1] in asking else set()
    return asking


def test_each_rule_that_asks_for_a_gpu_has_its_partition() -> None:
    asking = rules_that_ask()
    assert {"finetune_base", "unlearn", "unlearn_and_discard", "attack", "evaluate"} <= asking
    profile = yaml.safe_load((WORKFLOW / "profiles/slurm/config.yaml").read_text())
    assert {rule: row["slurm_partition"] for rule, row in profile["set-resources"].items()} == dict.fromkeys(
        asking, "gpu"
    )
