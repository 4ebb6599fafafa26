"""The few `conda` calls that Snakemake's `--sdm conda` makes, done by py-rattler, for tests where no conda is installed.

    python conda_on_rattler.py install DEST     writes DEST/bin/conda and DEST/bin/activate; put DEST/bin first on PATH

Solving, linking and packages are rattler's, the library behind pixi: the environments are real. What differs from conda:
its command line beyond these calls, its configuration files, its solver.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path

SPEAKS_AS = "24.7.1"  # the oldest conda that Snakemake 9 takes

CONDA = """\
#!/bin/sh
exec "{python}" "{script}" "$@"
"""
ACTIVATE = """\
# sourced by Snakemake: activate PREFIX
export CONDA_PREFIX="$1" CONDA_DEFAULT_ENV="$1" CONDA_SHLVL=1 PATH="$1/bin:$PATH"
for hook in "$1"/etc/conda/activate.d/*.sh; do [ -e "$hook" ] && . "$hook"; done
:
"""


def install(home: Path) -> None:
    (home / "bin").mkdir(parents=True, exist_ok=True)
    conda = home / "bin" / "conda"
    conda.write_text(CONDA.format(python=sys.executable, script=Path(__file__).resolve()))
    conda.chmod(0o755)
    (home / "bin" / "activate").write_text(ACTIVATE)


async def create(dependencies: list, channels: list[str], prefix: Path) -> None:
    """Solve and link the conda packages."""
    import rattler

    records = await rattler.solve(
        sources=[channel for channel in channels if channel != "nodefaults"],
        specs=[spec for spec in dependencies if isinstance(spec, str)],
        platforms=[rattler.Platform.current(), rattler.Platform("noarch")],
        virtual_packages=rattler.VirtualPackage.detect(),
    )
    await rattler.install(records=records, target_prefix=str(prefix), show_progress=False)
    (prefix / "conda-meta").mkdir(exist_ok=True)
    (prefix / "conda-meta" / "history").touch()


def pip_install(dependencies: list, prefix: Path) -> None:
    lines = [line for section in dependencies if isinstance(section, dict) for line in section.get("pip", [])]
    if not lines:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write("\n".join(lines) + "\n")
        requirements.flush()
        subprocess.run([prefix / "bin" / "python", "-m", "pip", "install", "-r", requirements.name], check=True)


def create_from_file(arguments: list[str]) -> None:
    import yaml

    parser = argparse.ArgumentParser()
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--prefix", type=Path, required=True)
    asked, _ = parser.parse_known_args(arguments)
    content = yaml.safe_load(asked.file.read_text())
    asyncio.run(create(content["dependencies"], content.get("channels", []), asked.prefix))
    pip_install(content["dependencies"], asked.prefix)


def answer(arguments: list[str]) -> int:
    match arguments:
        case ["install", home]:
            install(Path(home).resolve())
        case ["--version"]:
            print(f"conda {SPEAKS_AS}")
        case ["info", *_]:
            found = subprocess.run(["sh", "-c", "command -v conda"], capture_output=True, text=True, check=True).stdout
            prefix = Path(found.strip()).parents[1]
            print(json.dumps({"conda_prefix": str(prefix), "platform": "linux-64", "conda_version": SPEAKS_AS}))
        case ["config", *_]:
            print(json.dumps({"get": {"channel_priority": "strict"}}))
        case ["clean", *_]:
            pass  # rattler's package cache is shared and stays
        case ["env", "create", *rest]:
            create_from_file(rest)
        case _:
            print(f"conda on rattler: no such call here: conda {' '.join(arguments)}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(answer(sys.argv[1:]))
