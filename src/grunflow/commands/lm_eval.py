"""grunflow lm-eval: lm-eval's own command, which knows runs as `--model grunflow --model_args run=FOLDER`.

lm-eval 0.4.13 finds models of other packages by no entry point: they are put into its registry before its command reads arguments.
"""

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="lm-eval's own, as run --model grunflow ...")


def run(arguments: argparse.Namespace) -> None:
    import lm_eval.models  # noqa: F401  # its own models: the registry fills itself only while it is empty
    from lm_eval.__main__ import cli_evaluate
    from lm_eval.api.registry import model_registry

    from grunflow.evaluation.lm_eval_model import NAME, RunLM

    model_registry.register(NAME)(RunLM)
    sys.argv = ["grunflow lm-eval", *arguments.arguments]
    cli_evaluate()
