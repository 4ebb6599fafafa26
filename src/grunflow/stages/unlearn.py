"""Train one objective on one carrier: loss = forget term + retain term (+ gate term), see objectives/."""

from typing import Any

from grunflow.carriers.chain import restored
from grunflow.carriers.stack import Stack
from grunflow.config.specs import Unlearn
from grunflow.evaluation.asking import Asking
from grunflow.models import sharding
from grunflow.objectives.loading import objective
from grunflow.seeds import derived
from grunflow.training.loop import Task
from grunflow.training.method import batches_of, stream_of, texts_of, trained
from grunflow.training.reference import control_of, reference_of
from grunflow.training.schedule import snapshot_steps, total_steps
from grunflow.training.snapshots import Snapshots
from grunflow.training.step import shares_of
from grunflow.work import Work


def run(spec: Unlearn, work: Work) -> dict[str, Any]:
    """Write the trained carrier and `snapshots.parquet`."""
    seed = spec.unlearn_seed
    tokenizer, stack = restored(spec.model, work.inputs.get("start", []), files=work.files)
    goal = objective(spec.objective, work.files)
    stream = stream_of(spec, work, tokenizer, goal)
    reference = reference_of(goal, spec.carrier, stack, spec.engine)
    control = control_of(goal, stack.model, derived(seed, "control"))
    total = stack.model.num_parameters()
    stack.attach(spec.carrier, derived(seed, "carrier"), work.files)
    made, once = batches_of(spec, work, goal, stack, stream, tokenizer.pad_token_id)
    steps = total_steps(spec.training, stream.rows)
    probes = [spec.snapshots.probe] if spec.snapshots.probe else []
    watch = Snapshots(snapshot_steps(spec.snapshots, steps), probes, asking(spec, stack, tokenizer, work))
    task = Task(
        stack.top.trained_module,
        stream.order(),
        lambda step, size: shares_of(stack, reference, goal, texts_of(stream.read(step), made, size, goal), control),
        lambda step: stream.read(step).tokens,
        f"{spec.objective.name} {spec.carrier.name} seed {seed}",
        watch,
    )
    history = trained(task, steps, spec, stack)
    stack.save(work.out)
    watch.frame().to_parquet(work.out / "snapshots.parquet", index=False)
    return {
        "model_parameters": total, "trained_parameters": sum(parameter.numel() for parameter in stack.trained()),
        **history.measured(spec.training), **once, "losses": [round(loss, 5) for loss in history.losses],
    }  # fmt: skip


def asking(spec: Unlearn, stack: Stack, tokenizer: Any, work: Work) -> Asking:
    """How the run is asked on its way: the fast engine calls blocks by themselves, which a sharded model's do not bear."""
    engine = spec.engine if sharding.count() == 1 else "plain"
    return Asking(
        tokenizer,
        stack,
        engine,
        spec.max_new_tokens,
        work.batch_size,
        spec.snapshots.template,
        work.inputs["data"][0],
        "",
    )
