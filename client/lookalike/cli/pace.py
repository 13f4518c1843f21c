"""What a server did between two readings of its load: rates, percentiles, and what it holds at the end of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lookalike.load import BatchTimes, Histogram, Lane, ServerLoad

STAGES = ("decode", "queue", "embed", "index")


@dataclass(frozen=True, slots=True)
class MethodPace:
    """Requests of one kind: answered and failed a second, and seconds from arrival to answer, None where unknown."""

    rate: float
    failed: float
    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class StagePace:
    """Seconds in one stage; None where nobody passed it."""

    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class LanePace:
    """One lane: pictures embedded a second, those that wait, and the time in each stage."""

    images_rate: float
    waiting: int
    waiting_bytes: int
    stages: dict[str, StagePace]


@dataclass(frozen=True, slots=True)
class BatchPace:
    """Forward passes with pictures of the same lanes; the mean and the percentiles are None where there were none."""

    rate: float
    mean_rows: float | None
    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Pace:
    """What happened in `seconds`, and what is held at their end. Times are in seconds, rates are a second."""

    seconds: float
    started: datetime
    """When the server began to count."""
    uptime: float
    models: dict[str, str]
    """Engines by the id of their model."""
    methods: dict[str, MethodPace]
    lanes: dict[Lane, LanePace]
    batches: dict[str, BatchPace]
    """By whose pictures were in them: interactive, bulk, mixed."""
    drops: dict[str, float]
    """Pictures dropped, by reason and lane, such as `queue_full bulk`."""
    images: int
    unindexed: int
    held_bytes: int
    memory_bytes: int
    cpus: float
    """Cores in use on average."""


def pace(before: ServerLoad, after: ServerLoad) -> Pace:
    """The difference of two readings of one process."""
    seconds = max(after.uptime - before.uptime, 1e-9)
    return Pace(
        seconds=seconds,
        started=after.started,
        uptime=after.uptime,
        models={model.model_id: model.engine for model in after.models},
        methods=_methods(before, after, seconds),
        lanes={lane: _lane(before, after, lane, seconds) for lane in Lane},
        batches=_batches(before, after, seconds),
        drops=_drops(before, after, seconds),
        images=after.images,
        unindexed=after.unindexed,
        held_bytes=after.held_bytes,
        memory_bytes=after.memory_bytes,
        cpus=(after.cpu_seconds - before.cpu_seconds) / seconds,
    )


def _methods(before: ServerLoad, after: ServerLoad, seconds: float) -> dict[str, MethodPace]:
    """Of those that were ever asked."""
    return {name: _method(before, after, name, seconds) for name in sorted({each.method for each in after.requests})}


def _method(before: ServerLoad, after: ServerLoad, name: str, seconds: float) -> MethodPace:
    rate = (after.answered(name) - before.answered(name)) / seconds
    failed = (_failed(after, name) - _failed(before, name)) / seconds
    times = after.request_seconds(name) - before.request_seconds(name)
    return MethodPace(rate, failed, times.quantile(0.5), times.quantile(0.99))


def _failed(load: ServerLoad, method: str) -> int:
    return sum(each.count for each in load.requests if each.method == method and each.code != "OK")


def _lane(before: ServerLoad, after: ServerLoad, lane: Lane, seconds: float) -> LanePace:
    now = [each for model in after.models for each in model.lanes if each.lane is lane]
    embedded = sum(each.embedded for each in now)
    earlier = sum(each.embedded for model in before.models for each in model.lanes if each.lane is lane)
    return LanePace(
        images_rate=(embedded - earlier) / seconds,
        waiting=sum(each.waiting for each in now),
        waiting_bytes=sum(each.waiting_bytes for each in now),
        stages={stage: _stage(before, after, stage, lane) for stage in STAGES},
    )


def _stage(before: ServerLoad, after: ServerLoad, stage: str, lane: Lane) -> StagePace:
    times = after.stage_seconds(stage, lane) - before.stage_seconds(stage, lane)
    return StagePace(times.quantile(0.5), times.quantile(0.99))


def _batches(before: ServerLoad, after: ServerLoad, seconds: float) -> dict[str, BatchPace]:
    """Of all models together."""
    mixes = {"interactive": (Lane.INTERACTIVE,), "bulk": (Lane.BULK,), "mixed": (Lane.INTERACTIVE, Lane.BULK)}
    return {name: _batch(_passes(before, lanes), _passes(after, lanes), seconds) for name, lanes in mixes.items()}


def _passes(load: ServerLoad, lanes: Sequence[Lane]) -> list[BatchTimes]:
    return [each for model in load.models for each in model.batches if set(each.lanes) == set(lanes)]


def _batch(before: Sequence[BatchTimes], after: Sequence[BatchTimes], seconds: float) -> BatchPace:
    rows = _together([each.rows for each in after]) - _together([each.rows for each in before])
    times = _together([each.seconds for each in after]) - _together([each.seconds for each in before])
    return BatchPace(rows.count / seconds, rows.mean, times.quantile(0.5), times.quantile(0.99))


def _together(histograms: Sequence[Histogram]) -> Histogram:
    return sum(histograms, start=Histogram())


def _drops(before: ServerLoad, after: ServerLoad, seconds: float) -> dict[str, float]:
    """Of those that ever happened."""
    earlier = Counter({(each.reason, each.lane): each.count for each in before.drops})
    return {
        f"{each.reason} {each.lane}": (each.count - earlier[each.reason, each.lane]) / seconds for each in after.drops
    }
