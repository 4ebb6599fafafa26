"""grunflow ask: one question to a run, and to the models that it is held against, side by side."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grunflow.carriers.chain import Subject
    from grunflow.loaded import Run

FIRST_TOKENS = 3  # of the most likely ones that an answer could begin with


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="an unlearning run's folder below runs/")
    parser.add_argument("question", nargs="?", help="left out: one per line of standard input")
    parser.add_argument("--max-new-tokens", type=int, default=64, metavar="N", help="length of an answer at most (64)")
    parser.add_argument("--json", action="store_true", help="an object per question")


def run(arguments: argparse.Namespace) -> None:
    from transformers.utils import logging

    from grunflow.loaded import of_folder, subject_of

    logging.set_verbosity_error()
    asked = of_folder(arguments.run)
    models = {name: subject_of(known) for name, known in compared(asked).items()}
    template = asked.template
    for question in questions(arguments.question):
        found = {name: answer(model, question, template, arguments.max_new_tokens) for name, model in models.items()}
        print(json.dumps({"question": question, **found}, ensure_ascii=False) if arguments.json else shown(found))


def questions(given: str | None) -> Iterator[str]:
    """The question of the command line, or those that are typed or piped in."""
    if given is not None:
        yield given
        return
    prompt = "? " if sys.stdin.isatty() else ""
    while True:
        try:
            line = input(prompt).strip()
        except EOFError:
            return
        if line:
            yield line


def compared(asked: "Run") -> "dict[str, Run]":
    """What the run started from, the retain model of its target seed where the study has one, and the run itself, by their names."""
    from grunflow.loaded import of_folder

    found = {}
    for folder in asked.links[:1] if len(asked.links) > 1 else []:
        start = of_folder(folder)
        found[start.spec.role] = start
    retain = asked.folder.parent / f"retain_t{getattr(asked.spec, 'target_seed', None)}"
    if retain.is_dir():
        found["retain"] = of_folder(retain)
    return found | {asked.folder.name: asked}


def answer(subject: "Subject", question: str, template: Any, max_new_tokens: int) -> dict[str, Any]:
    """text: the greedy answer; gates: block -> how far it is open, 0 to 1; first: what the answer could begin with, and how
    likely."""
    import torch

    from grunflow.data.batching import collate
    from grunflow.data.prompts import Example, encode
    from grunflow.evaluation.generation import continued_ids, text_of

    tokenizer, stack = subject
    example = encode(tokenizer, question, "", template)
    prompt = example.ids[: example.prompt_length]
    with torch.no_grad():
        output = stack.forward(collate([Example(prompt, len(prompt))], tokenizer.pad_token_id).to(stack.model.device))
    likely = output.logits[0, -1].float().softmax(-1).topk(FIRST_TOKENS)
    ids = continued_ids(stack, tokenizer, [prompt], max_new_tokens, 1)[0]
    return {
        "text": text_of(tokenizer, ids),
        "gates": {
            block: round(float(logit.float().sigmoid()), 4)
            for block, logit in zip(stack.gated_blocks, output.gate_logits, strict=True)
        },
        "first": {
            tokenizer.decode([token]): round(share, 4)
            for share, token in zip(likely.values.tolist(), likely.indices.tolist(), strict=True)
        },
    }


def shown(found: Mapping[str, Mapping[str, Any]]) -> str:
    """A block of lines for each model."""
    lines = []
    for name, said in found.items():
        first = ", ".join(f"{token!r} {share:.3f}" for token, share in said["first"].items())
        lines += [f"{name}: {said['text'] or '(nothing)'}", f"  begins with {first}"]
        if said["gates"]:
            lines.append(
                f"  gates {', '.join(f'block {block}: {value:.3f}' for block, value in said['gates'].items())}"
            )
    return "\n".join(lines)
