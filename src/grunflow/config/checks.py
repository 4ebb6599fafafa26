"""Relations between keys of a config that a single key's range cannot say; each refusal names the key."""

from grunflow.config.specs import Carrier, Model, Objective, Training
from grunflow.errors import BadInput

# Keys of `carriers:` that each carrier needs; any other but gate_loss (grun) is refused.
CARRIER_KEYS: dict[str, set[str]] = {
    "full": set(),
    "lora": {"rank", "alpha", "dropout"},
    "reft": {"rank", "layers"},
    "grun": {"rank", "layers", "gate", "gate_weight"},
}
# What may be given in place of them: full trains every weight, or one parameter of some blocks.
OPTIONAL_KEYS = {"full": {"layers", "parameters"}}


def check_objective(objective: Objective, model: Model, benchmark: str) -> None:
    name = f"objectives.{objective.name}"
    if objective.reduction == "pooled" and objective.name != "idk":
        raise BadInput(
            f"{name}.reduction: got 'pooled', which only idk has (one mean over refusals and retain "
            "rows); expected token or sequence."
        )
    if benchmark == "wmdp" and objective.name in ("idk", "dpo"):
        raise BadInput(f"wmdp.grid: {objective.name} refuses questions, and corpora hold none; take rmu, gd or npo.")
    rmu = objective.name == "rmu"
    if rmu != (objective.layer is not None) or rmu != (objective.steering is not None):
        raise BadInput(f"{name}: layer and steering belong to rmu, which needs both; add or remove them.")
    if (rmu and objective.retain not in (None, "none", "match")) or (not rmu and objective.retain == "match"):
        raise BadInput(f"{name}.retain: got {objective.retain!r}; rmu goes with match or none, match with rmu only.")
    if objective.layer is not None and objective.layer >= model.architecture.layers:
        raise BadInput(
            f"{name}.layer: got {objective.layer}, expected a number from 0 to {model.architecture.layers - 1}, "
            f"the blocks of model {model.name!r}."
        )


def check_method(objective: Objective, carrier: Carrier, training: Training, model: Model, benchmark: str) -> None:
    """What a row of the grid must satisfy beyond the range of each key."""
    check_objective(objective, model, benchmark)
    given = {key for key, value in carrier.model_dump().items() if value is not None} - {"name", "gate_loss"}
    needed = CARRIER_KEYS[carrier.name]
    if given != needed and given != OPTIONAL_KEYS.get(carrier.name, needed):
        raise BadInput(
            f"carriers.{carrier.name}: got keys {sorted(given)}, expected exactly {sorted(needed)}. "
            "Add what is missing and remove the rest."
        )
    if carrier.layers and not all(0 <= layer < model.architecture.layers for layer in carrier.layers):
        raise BadInput(
            f"carriers.{carrier.name}.layers: got {list(carrier.layers)}, expected numbers from 0 to "
            f"{model.architecture.layers - 1}, the blocks of model {model.name!r}."
        )
    if carrier.rank and carrier.rank > model.architecture.hidden_size:
        raise BadInput(
            f"carriers.{carrier.name}.rank: got {carrier.rank}, expected at most {model.architecture.hidden_size}, "
            f"the hidden size of model {model.name!r}."
        )
    if carrier.name in ("reft", "grun") and training.weight_decay:
        raise BadInput(
            f"training.{carrier.name}.weight_decay: got {training.weight_decay}, expected 0: decay turns the "
            "orthogonal rotation into zero after one step."
        )
    check_training(training, f"training.{carrier.name}")


def check_training(training: Training, where: str) -> None:
    """Relations between keys that a single key's range cannot say."""
    if (training.steps is None) == (training.epochs is None):
        raise BadInput(f"{where}: give exactly one of steps and epochs; got {training.steps} and {training.epochs}.")
    if training.batch_size % training.accumulation:
        raise BadInput(
            f"{where}.accumulation: got {training.accumulation}, expected a divisor of batch_size "
            f"{training.batch_size}."
        )
