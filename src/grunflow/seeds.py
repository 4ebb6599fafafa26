"""A generator of its own for every purpose of a seed: one draw more for one of them shifts no other."""

import hashlib

import torch


def derived(seed: int, purpose: str) -> int:
    """A seed for `purpose`: 63 bits of sha256 over its name and `seed`."""
    return int.from_bytes(hashlib.sha256(f"{purpose} {seed}".encode()).digest()[:8], "big") >> 1


def generator(seed: int, purpose: str) -> torch.Generator:
    return torch.Generator().manual_seed(derived(seed, purpose))
