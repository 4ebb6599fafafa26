"""Tables against the sheet of claims -> claims.json; the verdicts are printed too."""

import json
from pathlib import Path

from grunflow.config.claims import read_claims
from grunflow.config.specs import Claims
from grunflow.reporting.claims import sentences, verdicts
from grunflow.reporting.forms import read_tables


def run(spec: Claims, inputs: dict[str, list[Path]], out: Path, batch_size: int) -> dict:
    claims = read_claims(spec.claims)
    found = verdicts(claims, read_tables(inputs["tables"][0]), spec.study)
    (out / "claims.json").write_text(json.dumps(found, indent=1) + "\n")
    print("\n".join(sentences(found)))
    return {"verdicts": len(found)}
