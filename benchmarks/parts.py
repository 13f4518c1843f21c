"""What each part of an import can do alone: images a second of one core, by the processor's time.

Each function runs in a process of its own (`workers.process`) and returns seconds of the processor for one image; time
spent waiting, such as for the disk, is not in it.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks import bare, vectors
from lookalike.v1 import image_service_pb2 as pb
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.hnsw import HnswIndex
from lookalike_server.records import Arrival, Content, Scene, Source

GROUP = 16
"""Images that one commit takes in, as happens under load."""


def each(spec: str, files: Sequence[Path]) -> dict[str, float]:
    """Seconds of the processor that one of these files takes, by part."""
    contents = [file.read_bytes() for file in files]
    requests = [pb.ImportImagesRequest(tag=1, collection="c", content=content) for content in contents]
    messages = [request.SerializeToString() for request in requests]
    return {
        "read the file": spent(Path.read_bytes, files),
        "SHA-256": spent(hashlib.sha256, contents),
        "protobuf, out": spent(pb.ImportImagesRequest.SerializeToString, requests),
        "protobuf, in": spent(pb.ImportImagesRequest.FromString, messages),
        "decode": spent(bare.load(spec).decoder.decode_now, contents),
        "engine": engine(spec, len(files)),
        "commit": commit(bare.load(spec).model.dim, len(files)),
        "index": index(bare.load(spec).model.dim, len(files)),
    }


def spent(work: Callable[..., object], things: Iterable[object]) -> float:
    """Seconds of the processor for one of the things, on average."""
    began, count = time.process_time(), 0
    for thing in things:
        work(thing)
        count += 1
    return (time.process_time() - began) / count


def engine(spec: str, pictures: int) -> float:
    """The network, in batches on one thread."""
    loaded, batch = bare.load(spec, 1), np.stack([bare.blank(spec)] * GROUP)
    return spent(loaded.engine.embed, [batch] * max(1, pictures // GROUP)) / GROUP


def commit(dim: int, images: int) -> float:
    """SQLite, and the vectors in memory, in groups."""
    arrivals = [_arrival(number, row) for number, row in enumerate(vectors.mixture(images, dim))]
    groups = [arrivals[start : start + GROUP] for start in range(0, images, GROUP)]
    with TemporaryDirectory() as folder, Catalog(Path(folder) / "data", models={"m": dim}, index="exact") as catalog:
        catalog.create_collection("c")
        return spent(catalog.add, groups) * len(groups) / images


def index(dim: int, images: int) -> float:
    """A graph that grows to 5,000 images: its last ones."""
    rows, graph = vectors.mixture(5_000, dim), HnswIndex(dim)
    numbers = np.arange(1, len(rows) + 1)
    first = len(rows) - min(images, 1_000)
    graph.add(numbers[:first], rows[:first])
    return spent(partial(graph.add, numbers[first:]), [rows[first:]]) / (len(rows) - first)


def _arrival(number: int, row: np.ndarray) -> Arrival:
    scenes = tuple(Scene(f"scene {place}", 0.2) for place in range(5))
    content = Content(500, 375, 60_000, "JPEG", None, row, scenes, "m")
    return Arrival("c", f"{number:064x}", content, Source(f"/photographs/{number}.jpg", 0))
