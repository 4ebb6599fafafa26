"""What Snakemake's catalogue and citation tools read of the repository points at what there is."""

import shlex
from pathlib import Path

import yaml

from grunflow import __version__

ROOT = Path(__file__).parents[2]


def test_the_catalogues_file_names_flags_whose_files_are_here() -> None:
    """The catalogue asks for workflow/Snakefile, config/README.md and this file (snakemake-workflow-catalog's own page)."""
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    flags = shlex.split(usage["mandatory-flags"]["flags"])
    assert flags[::2] == ["--workflow-profile", "--configfile"]
    assert all((ROOT / place).exists() for place in (*flags[1::2], "workflow/Snakefile", "config/README.md"))
    assert usage["software-stack-deployment"] == {"conda": True}


def test_the_citation_is_of_this_version_and_of_the_papers_acl_record() -> None:
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    (paper,) = told["references"]
    assert told["version"] == __version__
    assert paper["doi"] == "10.18653/v1/2025.findings-acl.949"
    assert len(paper["authors"]) == 11
