"""Vectors as embeddings lie, in clusters, and a data folder full of them.

Evenly spread vectors would have no neighbourhoods, without which no approximate index works.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.models import registry
from lookalike_server.records import Arrival, Content, Source

CENTRES, SPREAD = 1_000, 0.05
GROUP = 1_000
"""Images in one transaction."""
COLLECTION = "vectors"


def centres(dim: int) -> NDArray[np.float32]:
    """Of the clusters, [CENTRES, dim], of length 1 or nearly."""
    found = np.random.default_rng(0).standard_normal((CENTRES, dim), np.float32)
    return found / np.float32(np.sqrt(dim))


def mixture(count: int, dim: int, seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors [count, dim] around the same centres for every seed."""
    noise, own = _drawn(count, dim, seed)
    rows = centres(dim)[own] + noise
    found: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def owners(count: int, dim: int, seed: int = 0) -> NDArray[np.int64]:
    """Which centre each vector of `mixture` lies around."""
    return _drawn(count, dim, seed)[1]


def _drawn(count: int, dim: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    chance = np.random.default_rng((1, seed))
    noise = chance.standard_normal((count, dim), np.float32) * SPREAD
    return noise, chance.integers(0, CENTRES, count)


def fill(data: Path, spec: str, count: int) -> None:
    """Write a data folder for this model whose graph covers all of `count` vectors. Raises TimeoutError."""
    model = registry.load(spec)
    with Catalog(data, models={model.id: model.dim}) as catalog:
        catalog.create_collection(COLLECTION)
        arrivals = [_arrival(number, row) for number, row in enumerate(mixture(count, model.dim))]
        for start in range(0, count, GROUP):
            catalog.add(arrivals[start : start + GROUP])
        if not catalog.settle(timeout=600.0):
            raise TimeoutError("the graph did not cover all vectors in ten minutes: try fewer --vectors")


def _arrival(number: int, row: NDArray[np.float32]) -> Arrival:
    return Arrival(COLLECTION, f"{number:064x}", Content(0, 0, 0, "", None, row), Source(f"/vectors/{number}"))
