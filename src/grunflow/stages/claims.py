"""Tables against the sheet of claims -> claims.json; the verdicts are printed too."""

import json

from grunflow.config.claims import read_claims
from grunflow.config.shown_specs import Claims
from grunflow.reporting.claim_conditions import Study
from grunflow.reporting.claims import sentences, unjudged, verdicts
from grunflow.reporting.external import own
from grunflow.reporting.forms import read_tables
from grunflow.work import Work


def run(spec: Claims, work: Work) -> dict:
    claims = read_claims(spec.claims)
    tables = {name: own(table) for name, table in read_tables(work.inputs["tables"][0]).items()}
    found = verdicts(claims, Study(spec.study, tables, spec.engine, spec.shapes, spec.absent))
    found = unjudged(found, spec.rehearsal) if spec.rehearsal else found
    (work.out / "claims.json").write_text(json.dumps(found, indent=1) + "\n")
    print("\n".join(sentences(found)))
    return {"verdicts": len(found)}
