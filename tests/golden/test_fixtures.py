"""The production code against what the authors' code and open-unlearning computed on the same weights.

Folders: GRUNFLOW_GOLDEN (default ../shared/golden) and golden_peer beside it; without them these tests skip.
"""

import json
import os
import shutil
from pathlib import Path

import pytest
from tests.shared import GOLDEN, needs_golden

from grunflow import fixtures
from grunflow.errors import BadInput
from grunflow.fixtures.baselines import baseline_objectives
from grunflow.fixtures.compare import Tolerance, row, stated


@needs_golden
@pytest.mark.slow
@pytest.mark.parametrize("name", ["golden", "golden_peer"])
def test_nothing_is_off(name: str) -> None:
    folder = GOLDEN if name == "golden" else GOLDEN.parent / name
    rows, notes = fixtures.run(folder)
    assert len(rows) > 500
    assert [row for row in rows if row.off] == []
    present = {path.name for path in folder.iterdir() if path.is_dir()} & fixtures.CASES.keys()
    assert {row.case for row in rows} == present
    assert all("left out" in note for note in notes)


def copy_of(case: str, folder: Path) -> Path:
    """A writable copy of one case and the model."""
    for name in ("model", case):
        shutil.copytree(GOLDEN / name, folder / name, copy_function=shutil.copyfile)
        os.chmod(folder / name, 0o755)
    return folder / case


@needs_golden
def test_a_perturbed_expected_value_is_found(tmp_path: Path) -> None:
    expected = copy_of("T_tokenize", tmp_path) / "expected.json"
    assert not [row for row in fixtures.run(tmp_path)[0] if row.off]
    content = json.loads(expected.read_text())
    content["retain_index_for_forget_index"][0] += 1
    expected.write_text(json.dumps(content))
    assert [row.quantity for row in fixtures.run(tmp_path)[0] if row.off] == ["retain_index"]


@needs_golden
def test_a_perturbed_gradient_is_found(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = copy_of("A_intervention", tmp_path) / "linear_fp32.safetensors"
    tensors = load_file(path)
    tensors["grad.h"] = tensors["grad.h"] * 1.001
    save_file(tensors, path)
    assert [row.quantity for row in fixtures.run(tmp_path)[0] if row.off] == ["linear_fp32.grad.h"]


def test_of_the_losses_with_a_kl_term_only_npos_has_a_coefficient() -> None:
    """The formulas in F_baselines/meta.json: `KL: -CE_f + kl`, `dpo_KL: dpo+KL`, `npo_KL: npo_coeff*npo + KL_coeff*KL`."""
    hyper = {"beta": 0.1, "gamma": 0.0, "npo_coeff": 0.25, "grad_diff_coeff": 2.0, "KL_coeff": 3.0}
    specs = {name: goal.spec for name, (goal, _) in baseline_objectives(hyper).items()}
    weights = {name: (spec.forget_weight, spec.retain_weight) for name, spec in specs.items() if spec.retain == "kl"}
    assert weights == {
        "grad_ascent_forgetKL": (1.0, 1.0),
        "KL": (1.0, 1.0),
        "dpo_KL": (1.0, 1.0),
        "npo_KL": (0.25, 3.0),
    }
    assert (specs["npo_grad_diff"].forget_weight, specs["npo_grad_diff"].retain_weight) == (0.25, 2.0)
    assert (specs["grad_diff"].forget_weight, specs["grad_diff"].retain_weight) == (1.0, 1.0)


@needs_golden
def test_a_damaged_case_is_bad_input(tmp_path: Path) -> None:
    case = copy_of("A_intervention", tmp_path)
    (case / "meta.json").write_text("{}")
    with pytest.raises(BadInput, match="A_intervention: cannot be read"):
        fixtures.run(tmp_path)


def test_a_folder_without_cases_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no case"):
        fixtures.run(tmp_path)
    with pytest.raises(BadInput, match="no such folder"):
        fixtures.run(tmp_path / "absent")


def test_a_file_that_differs_from_its_sum_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "X_case").mkdir()
    (tmp_path / "X_case" / "meta.json").write_text("{}")
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  X_case/meta.json\n")
    with pytest.raises(BadInput, match="differs from SHA256SUMS"):
        fixtures.run(tmp_path)


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("atol 1e-5 rtol 2e-5", "", Tolerance(1e-5, 2e-5)),
        ("losses rtol 1e-5; grads atol 1e-4*max|grad| ", "grads", Tolerance(1e-4, 0.0, True)),
        ("rtol 1e-4 (loss), 1e-3 (grad_l2)", "(grad_l2)", Tolerance(0.0, 1e-3)),
        ("NLL atol 1e-4; aggregates 1e-4; generated strings exact", "aggregates", Tolerance(1e-4, 0.0)),
    ],
)
def test_tolerances_are_read_from_their_text(text: str, word: str, expected: Tolerance) -> None:
    assert stated(text, word) == expected


def test_relative_difference_is_scaled_by_the_tolerances() -> None:
    assert row("c", "q", [1.0, 2.2], [1.0, 2.0], Tolerance(0.0, 0.2)).rel_diff == pytest.approx(0.1)
    assert row("c", "q", [0.2], [0.0], Tolerance(1e-2, 1e-2)).rel_diff == pytest.approx(0.2)
    assert row("c", "q", [1.0, 8.0], [0.0, 10.0], Tolerance(0.1, 0.0, True)).rel_diff == pytest.approx(0.2)
    assert row("c", "q", [1.0], [float("nan")], Tolerance(0.0, 0.2)).off
    assert row("c", "q", ["a"], ["b"], Tolerance()).rel_diff == 1
