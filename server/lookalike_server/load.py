"""What the server has done and what it holds at this moment, read in one place for all who ask.

Prometheus asks by HTTP (`prometheus.py`), `lookalike top` and the SDK by GetServerLoad. Reading takes well under a
millisecond, holds no lock, and may happen on any thread: numbers that belong together may be one request apart.
"""

import resource
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lookalike_server.hosting import Hosted
from lookalike_server.metrics import Metrics, Passes
from lookalike_server.pipeline.admission import Admission
from lookalike_server.pipeline.decode import Decoder
from lookalike_server.pipeline.lane import Lane
from lookalike_server.pipeline.waiting import Drops, Waiting, WaitingRoom

STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class ModelLoad:
    """One model in service."""

    model_id: str
    engine: str
    passes: Passes
    waiting: Mapping[Lane, Waiting]


@dataclass(frozen=True, slots=True)
class ServerLoad:
    """One reading; the metrics and passes in it go on growing."""

    uptime: float
    metrics: Metrics
    models: Sequence[ModelLoad]
    drops: Drops
    held_bytes: int
    image_count: int
    unindexed_count: int
    memory_bytes: int
    cpu_seconds: float


def server_load(metrics: Metrics, hosted: Sequence[Hosted], held_bytes: int, images: tuple[int, int]) -> ServerLoad:
    """Read it all; `images` are how many there are, and how many of them no graph has taken in."""
    models = tuple(model_load(each) for each in hosted)
    drops = sum((copied(part.drops) for each in hosted for part in queues(each)), start=copied(metrics.drops))
    own = resident_bytes(), time.process_time()
    return ServerLoad(metrics.uptime, metrics, models, drops, held_bytes, *images, *own)


def queues(hosted: Hosted) -> tuple[Admission, Decoder, WaitingRoom]:
    """All of a model's that drop pictures."""
    return hosted.embedder.admission, hosted.decoder, hosted.batcher.room


def copied(drops: Drops) -> Drops:
    """As they are now, in one step: other threads go on counting."""
    return Counter(dict(drops))


def model_load(hosted: Hosted) -> ModelLoad:
    """Read one model's."""
    waiting = {lane: hosted.batcher.room.waiting(lane) for lane in Lane}
    return ModelLoad(hosted.model.id, hosted.engine.name, hosted.passes, waiting)


def resident_bytes() -> int:
    """Memory that the process holds now; where the system does not tell, the most that it ever held."""
    try:
        return int(STATM.read_text().split()[1]) * resource.getpagesize()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
