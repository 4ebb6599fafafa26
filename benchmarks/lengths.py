"""Fixed length distributions: token counts of prompts and answers, eos among the answer's."""

import torch

from grunflow.data.prompts import Example

# Mean prompt, spread of prompts, median answer, log-spread of answers, shortest and longest answer. `varied` is a wide one
# (padded to real tokens about 1.8 in batches of 16); forget05 has the means of TOFU's forget05 under a BPE of 6k entries.
DISTRIBUTIONS = {"varied": (40, 10.0, 54.3, 0.45, 6, 180), "forget05": (28, 6.0, 34.0, 0.33, 6, 120)}


def examples(lengths: str, count: int, vocabulary: int, seed: int) -> list[Example]:
    """Random token ids; the last one is the eos."""
    prompt, spread, median, log_spread, least, most = DISTRIBUTIONS[lengths]
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(count):
        a, b = torch.randn(2, generator=generator).tolist()
        before = int(min(max(prompt + spread * a, 10), 2 * prompt))
        answer = int(min(max(median * 2.718281828 ** (log_spread * b), least), most))
        ids = torch.randint(3, vocabulary, (before + answer,), generator=generator).tolist()
        found.append(Example([1, *ids[1:-1], 2], before))
    return found
