"""Every shell command of README.md, CONTRIBUTING.md and docs/*.md as it stands there: `python -m tests.docs.commands`.

A page's commands run one after the other in a fresh clone of their own, with this environment and a copy of results/demo. What is
not run as it stands, and why, is told by TABLE alone. Without a finished demo the commands that read it are named and left out, which
with CI=true is a failure.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```(?:bash|sh|shell|console)\n(.*?)^```$", re.M | re.S)
DEMO = Path("results/demo")
SECONDS = 300  # for one command
# Arguments alone are read: of what needs a hub, a cluster or results that GPUs made.
PARSED = "python -c 'import sys; from grunflow.cli import parser; parser().parse_args(sys.argv[1:])'"
KEPT = re.compile(r"(export|source) ")  # what the page's later commands need, too


class Otherwise(NamedTuple):
    """pattern: a regular expression that the command begins with. instead: its replacement (`re.sub`); None: it is left out."""

    pattern: str
    instead: str | None
    why: str


# The first that fits.
TABLE = (
    Otherwise(r"((?:\w+=\S+ )*)make ", r"\1make -n ", "long, or brings packages"),
    Otherwise(r"snakemake (?=.*--report )", "snakemake ", "as it stands: a report of a finished study is no run"),
    Otherwise(
        r"snakemake --sdm conda ",
        "snakemake -n --quiet rules host reason ",
        "needs conda: `make test-conda` brings one",
    ),
    Otherwise(r"snakemake ", "snakemake -n --quiet rules host reason ", "long"),
    Otherwise(r"grunflow (?=rehearse)", f"{PARSED} ", "long: `make rehearsal` runs it"),
    Otherwise(r"grunflow (?=plan .*--against results/paper)", f"{PARSED} ", "results that GPUs made"),
    Otherwise(r"grunflow (?=prefetch|lm-eval)", f"{PARSED} ", "needs the hub"),
    Otherwise(r"grunflow (?=preflight|recover)", f"{PARSED} ", "needs a cluster"),
    Otherwise(r"grunflow (?=doctor)", f"{PARSED} ", "says what this machine lacks for GPUs"),
    Otherwise(r"(\.venv/bin/pip|python -m pip|pip-audit|python3\.11 -m venv)\b", None, "asks the package index"),
    Otherwise(r"apptainer ", None, "no program that this project brings"),
)
# Places outside of the clone -> within it.
PLACES = {"/shared/": "shared/"}


class Command(NamedTuple):
    page: str
    text: str

    @property
    def how(self) -> Otherwise | None:
        """The row of the table."""
        return next((row for row in TABLE if re.match(row.pattern, self.text)), None)

    @property
    def run(self) -> str:
        """What is run; "" where it is left out."""
        if self.how and self.how.instead is None:
            return ""
        text = re.sub(self.how.pattern, self.how.instead or "", self.text, count=1) if self.how else self.text
        for place, within in PLACES.items():
            text = text.replace(place, within)
        return text

    @property
    def reads_the_demo(self) -> bool:
        return str(DEMO) in self.run or "--report" in self.run or "--partial" in self.run


class Outcome(NamedTuple):
    """state: ok, skipped, failed."""

    command: Command
    state: str
    seconds: float
    said: str


def commands(page: str) -> list[Command]:
    """The page's commands, continued lines joined."""
    blocks = BLOCK.findall((ROOT / page).read_text())
    lines = (line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines())
    return [Command(page, line) for line in lines if line and not line.startswith("#")]


def clone(folder: Path, demo: bool) -> None:
    """What git has of this work tree and what it would add, the environment, and the demo's results where they are finished."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    listed = ["git", "ls-files", "--modified", "--others", "--exclude-standard"]
    changed = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in filter(None, changed):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    if demo:
        shutil.copytree(ROOT / DEMO, folder / DEMO, symlinks=True)


def run_page(page: str, folder: Path, demo: bool) -> Iterator[Outcome]:
    """Its commands in turn."""
    clone(folder, demo and any(command.reads_the_demo for command in commands(page)))
    kept: list[str] = []
    for command in commands(page):
        if not command.run:
            yield Outcome(command, "skipped", 0.0, command.how.why if command.how else "")
        elif command.reads_the_demo and not demo:
            yield Outcome(command, "skipped", 0.0, "no finished results/demo: make demo")
        else:
            yield _called(command, folder, kept)
            kept += [command.run] if KEPT.match(command.run) else []


def _called(command: Command, folder: Path, kept: list[str]) -> Outcome:
    path = f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"
    environment = {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": str(folder / "src"),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    began = time.monotonic()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join([*kept, command.run])],
        cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    state = "failed" if done.returncode else "ok"
    return Outcome(
        command, state, time.monotonic() - began, (done.stdout + done.stderr)[-2000:] if done.returncode else ""
    )


def told(outcome: Outcome) -> str:
    """A line for the command, and another for what it said or what was run in its place."""
    command, state, seconds, said = outcome
    line = f"{state:7} {seconds:5.1f} s  {command.page}: {command.text}"
    if not said and command.run != command.text:
        said = f"run as: {command.run.partition('  #')[0].strip()} ({command.how.why if command.how else 'within the clone'})"
    return f"{line}\n        {said.strip()}" if said else line


def main() -> int:
    """Print what became of each command; 1 where one failed, or in CI where one waited for a demo."""
    began, demo, found = time.monotonic(), (ROOT / DEMO / "report" / "manifest.json").is_file(), []
    pages = sys.argv[1:] or [page for page in PAGES if commands(page)]
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(os.cpu_count()) as pool:
        folders = [Path(place, page.replace("/", "_").removesuffix(".md")) for page in pages]
        for part in pool.map(lambda *work: list(run_page(*work, demo)), pages, folders):
            print("\n".join(map(told, part)), flush=True)
            found += part
    waiting = [outcome for outcome in found if outcome.command.reads_the_demo and not demo]
    failed = [outcome for outcome in found if outcome.state == "failed"]
    counts = f"{len(found)} commands, {len(failed)} failed, {len(waiting)} wait for a demo"
    print(f"{counts}, {time.monotonic() - began:.0f} s")
    return 1 if failed or (waiting and os.environ.get("CI")) else 0


if __name__ == "__main__":
    sys.exit(main())
