"""Edits of a finished small study, and the jobs that run again after some."""

from collections.abc import Callable
from pathlib import Path

from tests.workflow.small_study import set_keys

PAGES = {"tables": 1, "figures": 1, "report": 1}
# Runs: of TOFU a target and a retain model, and three objectives on GRUN, which share one cache of frozen states; of WMDP the
# base model and one objective on GRUN.
TOFU_UNLEARNED, TOFU_EVALUATED, WMDP_EVALUATED = 3, 5, 2
TOFU_SCORES = {"aggregate": 1, **PAGES}  # what follows from scores of one benchmark
SCORED = {"evaluate": TOFU_EVALUATED + WMDP_EVALUATED, **PAGES, "aggregate": 2}
TOFU_TRAINED = {"unlearn": TOFU_UNLEARNED, "evaluate": TOFU_UNLEARNED, **TOFU_SCORES}
TRAINED = {"unlearn": TOFU_UNLEARNED + 1, "evaluate": TOFU_UNLEARNED + 1, **PAGES, "aggregate": 2}
TOFU_TUNED = {
    "finetune_target": 1,
    "finetune_retain": 1,
    "cache_frozen_states": 1,
    "unlearn": TOFU_UNLEARNED,
    "evaluate": TOFU_EVALUATED,
    **TOFU_SCORES,
}
TUNED = {**TOFU_TUNED, **SCORED, "unlearn": TOFU_UNLEARNED + 1, "finetune_base": 2}

Edit = Callable[[Path], None]


def config(**values) -> Edit:
    """Set keys of the study; a key's path is written with __."""

    def edit(folder: Path) -> None:
        set_keys(folder / "study.yaml", values)

    return edit


def sheet(**values) -> Edit:
    def edit(folder: Path) -> None:
        set_keys(folder / "config" / "models.yaml", values)

    return edit


def source(name: str, old: str, new: str) -> Edit:
    """Replace the first `old` in a module of the package, or in another file of the work tree."""

    def edit(folder: Path) -> None:
        path = folder / name if (folder / name).is_file() else folder / "src" / "grunflow" / name
        text = path.read_text()
        assert old in text, f"{name} holds no {old!r}"
        path.write_text(text.replace(old, new, 1))

    return edit


def more(name: str, text: str = "EXTRA = 1\n") -> Edit:
    """A line at the end of a module of the package, which is made where there is none."""

    def edit(folder: Path) -> None:
        path = folder / "src" / "grunflow" / name
        path.write_text((path.read_text() if path.is_file() else "") + text)

    return edit
