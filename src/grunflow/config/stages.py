"""Stage -> the class of its spec."""

from grunflow.config import specs, wmdp

SPECS: dict[str, type[specs.Strict]] = {
    "prepare_data": specs.PrepareData,
    "finetune": specs.Finetune,
    "unlearn": specs.Unlearn,
    "cache_frozen_states": specs.CacheFrozenStates,
    "evaluate": specs.Evaluate,
    "aggregate": specs.Aggregate,
    "prepare_corpora": wmdp.PrepareCorpora,
    "unlearn_wmdp": wmdp.UnlearnWmdp,
    "evaluate_wmdp": wmdp.EvaluateWmdp,
    "aggregate_wmdp": wmdp.AggregateWmdp,
    "tables": specs.Tables,
    "claims": specs.Claims,
    "figures": specs.Figures,
    "report": specs.Report,
}
