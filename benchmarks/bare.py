"""The best loop of decoder and engine that we know, and nothing else: the ceiling that the server is held against.

The same decode function, engine, threads, batch and memory as the server's, without hashing, network or disk.
Decode threads run ahead of the engine, by a bounded number of pictures, as they would in anybody's program. Runs in
a process of its own (`workers.process`), where `load` comes first.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike_server import memory
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.config import Settings
from lookalike_server.hosting import decoder_for, warm
from lookalike_server.models import registry
from lookalike_server.models.protocol import Engine, Inputs, Model
from lookalike_server.pipeline.decode import Decoder

Thing = TypeVar("Thing")
Result = TypeVar("Result")


class Loaded(NamedTuple):
    """A model, ready to run."""

    model: Model
    engine: Engine
    decoder: Decoder


@lru_cache
def load(spec: str, threads: int = 0) -> Loaded:
    """The model with warm engine, on as many threads as the server would take, or on so many; loaded once."""
    memory.keep_freed()
    settings = Settings(model=(spec,), threads=threads)
    model = registry.load(spec)
    engine = model.engine(settings.engine, threads=settings.cores)
    warm(model, engine)
    return Loaded(model, engine, decoder_for(model, settings))


def blank(spec: str) -> Inputs:
    """A picture of nothing, as the model wants it."""
    model = load(spec).model
    return model.prepare(Image.new("RGB", model.input_size[::-1]))


def embed(spec: str, files: Sequence[Path]) -> float:
    """Seconds from files to embeddings."""
    loaded, settings = load(spec), Settings()
    began = time.perf_counter()
    with ThreadPoolExecutor(settings.cores, "decode") as pool:
        pixels = ahead(pool, lambda path: loaded.decoder.decode_now(path.read_bytes()).pixels, files)
        for batch in batches(pixels, settings.max_batch):
            loaded.engine.embed(np.stack(batch))
    return time.perf_counter() - began


def search_seconds(spec: str, data: Path, collection: str, pictures: Sequence[bytes]) -> list[float]:
    """Seconds that each picture takes, one after another, to be decoded, embedded and searched for in this process."""
    loaded = load(spec)
    with closing(Catalog(data, models={loaded.model.id: loaded.model.dim})) as catalog:
        return [_searched(loaded, catalog, collection, picture) for picture in pictures]


def _searched(loaded: Loaded, catalog: Catalog, collection: str, picture: bytes) -> float:
    began = time.perf_counter()
    pixels = loaded.decoder.decode_now(picture).pixels
    catalog.search(collection, loaded.engine.embed(pixels[np.newaxis]).embeddings[0])
    return time.perf_counter() - began


def ahead(
    pool: ThreadPoolExecutor, work: Callable[[Thing], Result], things: Iterable[Thing], depth: int = 64
) -> Iterator[Result]:
    """Results in order, at most `depth` of them begun before they are asked for."""
    under_way: deque[Future[Result]] = deque()
    for thing in things:
        under_way.append(pool.submit(work, thing))
        if len(under_way) > depth:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


def batches(things: Iterable[NDArray[np.generic]], size: int) -> Iterator[list[NDArray[np.generic]]]:
    """The things in lists of `size`, the last one shorter."""
    batch: list[NDArray[np.generic]] = []
    for thing in things:
        batch.append(thing)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
