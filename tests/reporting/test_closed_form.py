"""Claims that follow from a model's shape alone."""

import pandas as pd
import pytest
from tests.reporting.judged import claim, verdicts

from grunflow.config.claims import read_claims
from grunflow.config.models import Architecture
from grunflow.config.typed import read_yaml
from grunflow.reporting.closed_form import figures


def test_a_small_model_cannot_speak_for_a_large_one_whose_share_follows_from_its_shape() -> None:
    """110,607 with the linear gate at width 4096: the authors' code (tests/interventions/test_gated.py)."""
    condition = {"table": "e", "column": "trained_fraction", "below": 0.0005,
                 "closed_form": {"kind": "grun", "keys": {"rank": 4, "layers": [20, 25, 31], "gate": "linear", "gate_weight": 10}}}  # fmt: skip
    few = claim(statement="few", each={}, scale=1e9, conditions=[condition])
    tables = {
        "e": pd.DataFrame([{"model": "tiny", "trained_fraction": 0.0004, "model_parameters": 988288, "seeds": 3}])
    }
    shape = Architecture(
        hidden_size=4096, layers=32, heads=32, kv_heads=8, intermediate_size=14336, vocabulary=128256, tied=False
    )
    paper, own = verdicts([few], tables, "demo", shapes={"big": shape})
    assert paper["verdict"] == "supported"
    assert paper["reason"] == "by closed form, not run: 110,607 of 8,030,261,248 parameters"
    assert (own["verdict"], own["effect"]) == ("not testable here", 0.0004)
    assert own["reason"] == "the claim is of models of 1e+09 parameters and more (our bound), this one has 988,288"
    paper, _ = verdicts([few], tables, "demo")
    assert (paper["verdict"], paper["reason"]) == ("not testable here", "no such row in this study")


def test_a_closed_form_speaks_of_the_models_that_a_claim_names_alone() -> None:
    """Another model of the sheet has other blocks: that a study has no such row of it is no reason to end its stage."""
    condition = {"table": "e", "column": "trained_fraction", "where": {"objective": "{objective}"}, "below": 0.0005,
                 "closed_form": {"kind": "grun", "keys": {"rank": 4, "layers": [20, 25, 31], "gate": "linear", "gate_weight": 10}}}  # fmt: skip
    few = claim(each={"objective": ["gd", "idk"]}, conditions=[condition])
    row = {"model": "own", "objective": "gd", "trained_fraction": 0.0004, "model_parameters": 1.35e8, "seeds": 3}
    own = Architecture(hidden_size=576, layers=30, heads=9, vocabulary=49152)
    found = verdicts([few], {"e": pd.DataFrame([row])}, "mine", shapes={"own": own})
    assert [(item["id"], item["verdict"]) for item in found if item["about"] == "mine"] == [
        ("mine/keeps/own/gd", "supported")
    ]


@pytest.mark.parametrize(("gate", "trained"), [("linear", 110_607), ("mlp_3", 3_294_351)])
@pytest.mark.parametrize("model", ["llama-3.1-8b", "mistral-7b-v0.1"])
def test_the_shipped_bound_fits_both_gates_and_counts_the_larger(model: str, gate: str, trained: int) -> None:
    (few,) = (item for item in read_claims("config/claims.yaml") if item.id == "few_parameters")
    (condition,) = few.conditions
    assert condition.closed_form is not None
    assert condition.closed_form.keys["gate"] == "mlp_3"
    shape = Architecture(**read_yaml("config/models.yaml", "sheet")[model]["architecture"])
    method = condition.closed_form.model_copy(update={"keys": {**condition.closed_form.keys, "gate": gate}})
    found = figures(model, shape, method)
    assert found["trained_parameters"] == trained
    assert condition.below is not None
    assert found["trained_fraction"] < condition.below
