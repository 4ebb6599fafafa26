"""What finished runs took, beside what is planned for them."""

from pathlib import Path

import pytest

from grunflow.benchmarks.tofu.splits import TOFU_ROWS
from grunflow.config.reading import read_study
from grunflow.config.typed import read_yaml
from grunflow.costs.stages import cost
from tests.costs.test_plan import job_of

# FLOPs of the loop, CPU seconds and peak GiB of runs of config/tune_laptop.yaml (laptop.yaml: of evaluations), as their manifests say: one
# thread of an AMD EPYC 7003 (AVX2), 2026-11-29, commits 30e2b5e and c16b2a5.
TAKEN = {
    ("tune_laptop", "finetune_target", "target"): (4.01e13, 704, 3.50),
    ("tune_laptop", "unlearn_and_discard", "gd_full"): (1.73e13, 353, 3.96),
    ("tune_laptop", "unlearn_and_discard", "npo_full"): (1.73e13, 342, 4.00),
    ("tune_laptop", "unlearn_and_discard", "idk_full"): (1.29e13, 292, 3.71),
    ("tune_laptop", "unlearn_and_discard", "gd_lora"): (1.20e13, 284, 3.22),
    ("tune_laptop", "unlearn_and_discard", "idk_lora"): (8.90e12, 228, 2.71),
    ("tune_laptop", "unlearn_and_discard", "gd_grun"): (3.92e12, 104, 1.63),
    ("tune_laptop", "unlearn_and_discard", "idk_grun"): (2.43e12, 86, 1.66),
    ("tune_laptop", "cache_frozen_states", "frozen"): (None, 42, 1.42),
    ("laptop", "evaluate", "target_t0/plain"): (None, 163, 2.95),
    # One thread of an AMD EPYC (AVX512), nothing beside, 2026-11-30, commit e2dc27b; memory on an Intel Xeon (AMX), commit ad88979.
    ("demo", "finetune_base", "base"): (None, 62, 0.481),
    ("demo", "finetune_target", "target"): (None, 44, 0.485),
    ("demo", "unlearn", "gd_full"): (None, 7.3, 0.499),
    ("demo", "unlearn", "gd_lora"): (None, 9.6, 0.516),
    ("demo", "unlearn", "gd_grun"): (None, 3.0, 0.539),
}


@pytest.mark.parametrize("job", TAKEN)
def test_runs_took_what_is_planned_for_them(job: tuple[str, str, str], tmp_path: Path) -> None:
    """FLOPs to a tenth, seconds to a factor of 1.5, memory to a fifth. TOFU's text was a copy without questions that no model learnt."""
    config, rule, word = job
    given = read_yaml(f"config/{config}.yaml", "config")
    if "world" not in given["benchmarks"]["tofu"]:
        given["benchmarks"]["tofu"]["folder"] = str(tmp_path)
        for split in TOFU_ROWS:
            (tmp_path / f"{split}.json").touch()
    study = read_study(given)
    flops, seconds, gigabytes = TAKEN[job]
    found = cost(study, job_of(study, rule, word).spec)
    if flops is not None:
        assert found.flops == pytest.approx(flops, rel=0.1)
    assert seconds / 1.5 < found.seconds < seconds * 1.5
    if gigabytes is not None:
        assert found.host_bytes == pytest.approx(gigabytes * 2**30, rel=0.2)
