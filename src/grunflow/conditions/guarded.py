"""A guardrail in front of the model: a logistic probe on the state that a gate would read, with a refusal for an answer. The target's row
under it is a model that nothing was taken from; what GRUN's edit adds to its gate lies between the two.

The probe is fitted when the condition is put, on the questions that are asked to be forgotten and to be kept; questions about the world
it has not seen, as a gate has not. In front of a run that edits the block it reads the edited state, which a gate does not. Source of the kind of guardrail: a classifier of prompts (ECO, Liu et al., 2406.07933), there with
corrupted embeddings in place of a refusal.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from grunflow.config.parts import ConditionSpec
from grunflow.errors import BadInput
from grunflow.evaluation.asking import Asking
from grunflow.evaluation.guard import Guard, prompt_states
from grunflow.models.blocks import text_config

PARAMETERS = {"block": None, "words": "I don't know.", "penalty": 1.0}
LIMITS = {"block": "block", "words": "text", "penalty": "positive"}
MEANINGS = {
    "block": "the probe reads the output of this block at the last prompt token",
    "words": "the refusal",
    "penalty": "of the probe's squared weights, on standardised states",
}


def put(asking: Asking, spec: ConditionSpec) -> Asking:
    """The model asked behind the probe.

    Raises:
        BadInput: the model has no such block, or nothing is asked that is to be kept, or to be forgotten.
    """
    blocks = text_config(asking.stack.model).num_hidden_layers
    if spec.block >= blocks:
        raise BadInput(
            f"conditions.{spec.name}.block: got {spec.block}; expected a block of the model, 0 to {blocks - 1}."
        )
    states = [_states(asking, role, spec) for role in ("keep", "forget")]
    wanted = torch.cat([torch.full((len(of_role),), float(label)) for label, of_role in enumerate(states)])
    return replace(asking, guard=Guard(spec.block, fitted(torch.cat(states), wanted, spec.penalty), spec.words))


def fitted(
    states: Float[Tensor, "row width"], wanted: Float[Tensor, " row"], penalty: float
) -> Callable[[Float[Tensor, "row width"]], Bool[Tensor, " row"]]:
    """A logistic regression that tells rows wanted (1) from the others (0); both kinds weigh the same."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(
        StandardScaler(), LogisticRegression(C=1 / penalty, class_weight="balanced", max_iter=1000)
    ).fit(states.double().numpy(), wanted.numpy())

    def closes(asked: Float[Tensor, "row width"]) -> Bool[Tensor, " row"]:
        return torch.from_numpy(probe.predict(asked.double().numpy()) > 0)

    return closes


def _states(asking: Asking, role: str, spec: ConditionSpec) -> Float[Tensor, "row width"]:
    """Of the questions of the sets that play a role, each as often as it is asked."""
    examples = [
        asking.form(asked).example(row["question"], row["answer"])
        for asked in asking.sets if asked.role == role for row in asking.rows(asked)
    ]  # fmt: skip
    if not examples:
        raise BadInput(f"conditions.{spec.name}: the benchmark asks no set of role {role!r}; leave the condition out.")
    return prompt_states(asking.stack, examples, spec.block, asking.tokenizer.pad_token_id, asking.batch_size)
