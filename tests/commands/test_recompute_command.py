"""grunflow recompute: tables and verdicts from the scores beside them, where neither torch nor transformers is."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.reporting import made_up

from grunflow.config.shown_specs import Claims, Tables
from grunflow.manifest import output_folder
from grunflow.stages import claims, tables

ROOT = Path(__file__).parents[2]
NAMES = ("tofu_main", "tofu_differences", "equal_forgetting", "efficiency", "metrics")
WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] in ("torch", "transformers"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
from grunflow.cli import main
main()
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a made-up study with its tables and verdicts."""
    root = tmp_path_factory.mktemp("made")
    made = made_up.Study(root, [(made_up.TOFU, made_up.questions())])
    folder = root / "study"
    spec = Tables(**made.shown, names=NAMES)
    with output_folder(folder / "tables", spec=spec.model_dump(mode="json"), code="", inputs={}) as (draft, _):
        tables.run(spec, made.work(draft))
    judged = Claims(study="study", engine="fast", claims=str(ROOT / "config" / "claims.yaml"))
    with output_folder(folder / "claims", spec=judged.model_dump(mode="json"), code="", inputs={}) as (draft, _):
        claims.run(judged, made.work(draft, tables=folder / "tables"))
    return folder


@pytest.fixture
def study(whole: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(whole, tmp_path / "study", symlinks=True))


def recompute(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, "recompute", str(folder)], capture_output=True, text=True, check=False
    )


def test_every_file_is_computed_again_without_torch(study: Path) -> None:
    done = recompute(study)
    assert (done.returncode, done.stderr) == (0, "")
    # Each table in three forms, the reader's form of all, the verdicts.
    assert f"{study}: {3 * len(NAMES) + 2} files of tables and verdicts" in done.stdout


def test_a_figure_that_was_changed_is_named(study: Path) -> None:
    path = study / "tables" / "tofu_main.csv"
    path.write_text(path.read_text().replace("0.9", "0.8", 1))
    done = recompute(study)
    assert done.returncode == 3
    assert done.stderr.strip().endswith(f"grunflow recompute: {path}: another file is computed from the scores")


def test_a_folder_without_tables_or_scores_is_one_line(study: Path, tmp_path: Path) -> None:
    for folder, told in (
        (tmp_path, f"{tmp_path}/tables: no manifest.json there"),
        (study, f"{study}/tofu/metrics: holds no metrics.parquet"),
    ):
        (study / "tofu" / "metrics" / "metrics.parquet").unlink(missing_ok=True)
        done = recompute(folder)
        assert done.returncode == 2
        assert told in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
