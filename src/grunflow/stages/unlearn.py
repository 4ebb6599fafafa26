"""Train one objective on one carrier: loss = forget term + retain term (+ gate term), see objectives/."""

from typing import Any

from grunflow.config.specs import Unlearn
from grunflow.models.loading import start_tokenizer
from grunflow.objectives.loading import objective
from grunflow.seeds import derived
from grunflow.training.loop import Task
from grunflow.training.method import asking, batches_of, start_stack, stream_of, texts_of, trained
from grunflow.training.reference import control_of, reference_of
from grunflow.training.schedule import snapshot_steps, total_steps
from grunflow.training.snapshots import Snapshots
from grunflow.training.step import shares_of
from grunflow.work import Work


def run(spec: Unlearn, work: Work) -> dict[str, Any]:
    """Write the trained carrier and `snapshots.parquet`."""
    seed = spec.unlearn_seed
    tokenizer = start_tokenizer(spec.model, work.inputs.get("start", []))
    goal = objective(spec.objective, work.files)
    stream = stream_of(spec, work, tokenizer, goal)
    stack = start_stack(spec, work, goal, stream)
    reference = reference_of(goal, spec.carrier, stack, spec.engine)
    control = control_of(goal, stack.model, derived(seed, "control"))
    total = stack.model.num_parameters()
    stack.attach(spec.carrier, derived(seed, "carrier"), work.files)
    made, once = batches_of(spec, work, goal, stack, stream, tokenizer.pad_token_id)
    steps = total_steps(spec.training, stream.rows)
    probes = [spec.snapshots.probe] if spec.snapshots.probe else []
    put = asking(spec, stack, tokenizer, work, spec.snapshots.template)
    watch = Snapshots(snapshot_steps(spec.snapshots, steps), probes, put)
    task = Task(
        stack.top.trained_module,
        stream.order(),
        lambda step, size: shares_of(stack, reference, goal, texts_of(stream.read(step), made, size, goal), control),
        lambda step: stream.read(step).tokens,
        f"{spec.objective.name} {spec.carrier.name} seed {seed}",
        watch,
    )
    history = trained(task, steps, spec, stack, work.accumulation)
    stack.save(work.out)
    watch.frame().to_parquet(work.out / "snapshots.parquet", index=False)
    return {
        "model_parameters": total, "trained_parameters": sum(parameter.numel() for parameter in stack.trained()),
        **history.measured(spec.training), **once, "losses": [round(loss, 5) for loss in history.losses],
    }  # fmt: skip
