#!/usr/bin/env bash
# Run by snakemake in the new environment, with the work directory as cwd: install the package, so that rules find the
# code that stands there. A relative path in the yaml's pip section would be resolved inside .snakemake/conda.
set -euo pipefail
python -m pip install --quiet --no-deps --editable .
