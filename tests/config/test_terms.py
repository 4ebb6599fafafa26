"""What costs take of methods is what training does with them."""

import pytest

from grunflow.config import facts, terms
from grunflow.config.facts import CARRIER, OBJECTIVE
from grunflow.config.parts import RETAIN_TERMS, CarrierSpec, ObjectiveSpec
from grunflow.config.reading import read_study
from grunflow.config.typed import read_yaml
from grunflow.errors import BadInput
from tests.costs.made_up import carrier_of, objective_of, objective_spec, unlearn

EDIT = {"rank": 2, "layers": (0,)}
STATES = {"layer": 3, "steering": 5.0, "rmu_positions": "tokens"}


@pytest.mark.parametrize("retain", RETAIN_TERMS)
@pytest.mark.parametrize("name", facts.names(OBJECTIVE))
def test_what_is_planned_of_an_objective_is_what_it_reads(name: str, retain: str) -> None:
    from grunflow.training.reference import once
    from grunflow.training.step import needs_of

    of = objective_of(name, retain=retain)
    for carrier in (carrier_of("full"), carrier_of("grun", gate_weight=1)):
        needs, found = needs_of(of, carrier, 4), terms.terms_of(of.spec, carrier)
        assert found.batches == needs.answers + needs.refusals + needs.keeps
        for engine in ("fast", "plain"):
            assert found.is_copied(engine) == (bool(of.known) and not once(of, engine))


def test_an_objective_of_the_users_own_is_taken_for_one_that_reads_answers_and_logits() -> None:
    mine, full = ObjectiveSpec(name="mine", file="0" * 16, retain="nll"), carrier_of("full")
    found = terms.terms_of(mine, full)
    assert (found.batches, found.forget_reference, found.layer) == (2, "logits", None)
    assert found.is_copied("fast")
    assert not terms.reads_states(mine)
    steered = mine.model_copy(update={"retain": "match"})
    steered = ObjectiveSpec.model_validate({**steered.model_dump(), **STATES})
    assert terms.terms_of(steered, full).layer == 3


@pytest.mark.parametrize("name", facts.names(CARRIER))
def test_the_fast_engine_serves_one_carriers_edits_of_a_model_that_is_all_there_is(name: str) -> None:
    told = facts.facts(facts.file_of(CARRIER, name))
    carrier = carrier_of(name, **EDIT)
    edits, gd = told["TRAINS"] == "edits", objective_spec("gd")
    assert (terms.plain_because(gd, [carrier], "fast") is None) == (edits and told.get("PACKABLE", False))
    assert terms.plain_because(gd, [carrier], "plain")
    assert terms.plain_because(objective_spec("rmu", **STATES), [carrier], "fast")
    assert terms.plain_because(objective_spec("kl", kl_positions="all"), [carrier], "fast")
    assert terms.plain_because(gd, [CarrierSpec(name="mine", file="0" * 16), carrier], "fast")
    on_top = carrier_of("grun", gate="linear", **EDIT)
    assert (terms.plain_because(gd, [carrier, on_top], "fast") is None) == (not edits)


def test_a_carrier_of_the_users_own_is_trained_on_one_process() -> None:
    mine = CarrierSpec(name="mine", file="0" * 16)
    assert terms.alone_because(unlearn(objective_spec("gd"), mine)) == "carrier mine is trained on one process"


def test_whole_texts_are_packed_but_where_more_is_read_or_acts() -> None:
    """As training/engine.py decides of the loaded model: a stack of two edits is not packed, an adapter beneath an edit is."""
    gd, full, lora = objective_spec("gd"), carrier_of("full"), carrier_of("lora", rank=2, alpha=4)
    edit = carrier_of("grun", gate="linear", **EDIT)
    for packed in ([full], [lora], [lora, edit], [full, lora]):
        assert terms.padded_because(gd, packed, "fast") is None
    assert terms.padded_because(gd, [full], "plain") == "engine is plain"
    assert terms.padded_because(objective_spec("rmu", **STATES), [full], "fast") == "the objective reads hidden states"
    assert terms.padded_because(objective_spec("kl", kl_positions="all"), [full], "fast")
    assert terms.padded_because(gd, [edit, edit], "fast")
    assert terms.padded_because(gd, [CarrierSpec(name="mine", file="0" * 16)], "fast")


@pytest.mark.parametrize(
    ("carriers", "last"),
    [
        ([], None),
        ([("edits", False)], None),
        ([("weights", True)], 0),
        ([("edits", False), ("weights", True), ("edits", False)], 1),
        ([("weights", True), ("weights", True), ("adapters", False)], 1),
        ([("adapters", False), ("weights", True)], None),  # it saved its own weights alone
        ([("weights", False), ("weights", True)], None),  # a user's own may keep something beside the weights
        ([("weights", True), ("weights", False)], 0),
        ([("edits", True)], None),
    ],
)
def test_the_last_carrier_that_saved_all_weights(carriers: list[tuple[str, bool]], last: int | None) -> None:
    assert terms.whole_at(carriers) == last


@pytest.mark.parametrize(
    ("benchmark", "objective", "keys"),
    [("tofu", "gd", {"retain": "kl", "kl_positions": "all"}), ("wmdp", "rmu", {"rmu_positions": "all"})],
)
def test_micro_batches_are_not_left_to_the_plan_where_padding_is_read(
    benchmark: str, objective: str, keys: dict[str, str]
) -> None:
    """A row's padding follows from the rows beside it (docs/fidelity.md)."""
    config = read_yaml("config/demo.yaml", "config")
    config["training"]["full"]["accumulation"] = None
    read_study(config)
    config["objectives"][objective] |= keys
    row = next(row for row in config["grid"] if row["benchmark"] == benchmark)
    row |= {"objectives": [objective], "carriers": ["full"]}
    with pytest.raises(
        BadInput, match=r"training\.full\.accumulation \(.*: got null, .* reads padding, .*; give a number"
    ):
        read_study(config)
