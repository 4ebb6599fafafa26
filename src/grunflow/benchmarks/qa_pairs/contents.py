"""What a folder of question-answer pairs holds: which files, how many rows, and which metrics their rows allow.

It is read when the study is, so that a fault is told before anything starts, and what cannot be measured too.
"""

from pathlib import Path

from grunflow.benchmarks.qa_pairs.reading import FORMS, WRONG, read_pairs
from grunflow.config.base import Strict
from grunflow.config.sets import Role
from grunflow.data.reading import Lines
from grunflow.data.refusals import read_refusal_lines
from grunflow.data.words import seen_by_rouge
from grunflow.errors import BadInput

NEEDED: tuple[Role, ...] = ("forget", "keep")
ROLES: tuple[Role, ...] = (*NEEDED, "world", "holdout")
REFUSALS = "refusals.txt"


class Held(Strict):
    """One file. wrong, paraphrased: rows with such answers; unseen: rows whose right answer ROUGE cannot read, and the line of
    the first; lengths in bytes of UTF-8, the mean question and answer and the longest pair."""

    file: str
    rows: int
    wrong: int
    paraphrased: int
    unseen: int
    first_unseen: int | None
    question_bytes: float
    answer_bytes: float
    longest_bytes: int

    @property
    def all_wrong(self) -> bool:
        """Whether every question has wrong answers."""
        return self.wrong == self.rows

    @property
    def short(self) -> str:
        """The file's name without its folder."""
        return Path(self.file).name


def survey(folder: str) -> dict[Role, Held]:
    """What each file of the folder holds, in the order of ROLES.

    Raises:
        BadInput: no such folder, a file that is needed is missing, there in two forms or cannot be read, or a question stands in
            two of them.
    """
    place = Path(folder)
    if not place.is_dir():
        raise BadInput(f"no folder {folder!r}; it is to hold forget.jsonl and keep.jsonl (docs/your_data.md).")
    files = {role: found for role in ROLES if (found := _file(place, role))}
    pairs = {role: read_pairs(path) for role, path in files.items()}
    _check_apart(files, pairs)
    if (place / REFUSALS).is_file():
        read_refusal_lines(str(place / REFUSALS), folder)
    return {role: _held(files[role], rows) for role, rows in pairs.items()}


def _file(folder: Path, role: Role) -> Path | None:
    found = [folder / f"{role}{form}" for form in FORMS if (folder / f"{role}{form}").is_file()]
    names = " or ".join(f"{role}{form}" for form in FORMS)
    if len(found) > 1:
        raise BadInput(
            f"{folder}: got {' and '.join(path.name for path in found)}, expected one of them; remove the other."
        )
    if not found and role in NEEDED:
        there = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
        raise BadInput(f"{folder}: no file {names}; the folder holds {there}.")
    return found[0] if found else None


def _check_apart(files: dict[Role, Path], pairs: dict[Role, Lines]) -> None:
    """Nothing is to be forgotten and kept, or trained on and held out."""
    known: dict[str, str] = {}
    for role, rows in pairs.items():
        for line, row in rows:
            if row["question"] in known:
                raise BadInput(
                    f"{files[role]} line {line}.question: stands in {known[row['question']]} too; keep it in one of the two."
                )
        known |= {row["question"]: f"{files[role].name} line {line}" for line, row in rows}


def _held(path: Path, rows: Lines) -> Held:
    unseen = [line for line, row in rows if not seen_by_rouge(row["answer"])]
    questions, answers = ([len(row[key].encode()) for _, row in rows] for key in ("question", "answer"))
    return Held(
        file=str(path),
        rows=len(rows),
        wrong=sum(WRONG in row for _, row in rows),
        paraphrased=sum("paraphrased_answer" in row for _, row in rows),
        unseen=len(unseen),
        first_unseen=unseen[0] if unseen else None,
        question_bytes=sum(questions) / len(rows),
        answer_bytes=sum(answers) / len(rows),
        longest_bytes=max(map(sum, zip(questions, answers, strict=True))),
    )
