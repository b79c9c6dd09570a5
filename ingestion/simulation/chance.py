"""Random streams by purpose, so that one part of the simulation cannot shift another's draws."""

import zlib

import numpy as np

from ingestion.simulation.schema import Ints


def stream(seed: int, purpose: str, *keys: int) -> np.random.Generator:
    """The generator of one purpose, and of one month, site … of it."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), *keys])


def pick(rng: np.random.Generator, weights: list[float], size: int) -> Ints:
    """`size` codes 0 … len(weights)-1, drawn with these weights."""
    edges = np.cumsum(weights) / np.sum(weights)
    return np.minimum(np.searchsorted(edges, rng.random(size), side="right"), len(weights) - 1)
