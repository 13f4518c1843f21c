"""The server's load as messages."""

from collections.abc import Iterator

from google.protobuf.timestamp_pb2 import Timestamp

from lookalike.v1 import load_pb2 as pb
from lookalike_server.load import ModelLoad, ServerLoad
from lookalike_server.metrics import BULK, INTERACTIVE, MIXED, Histogram, Metrics
from lookalike_server.pipeline.lane import Lane

LANES = {Lane.INTERACTIVE: pb.LANE_INTERACTIVE, Lane.BULK: pb.LANE_BULK}
MIXES = {
    INTERACTIVE: [pb.LANE_INTERACTIVE],
    BULK: [pb.LANE_BULK],
    MIXED: [pb.LANE_INTERACTIVE, pb.LANE_BULK],
}


def load_to(load: ServerLoad) -> pb.GetServerLoadResponse:
    """One reading."""
    metrics = load.metrics
    return pb.GetServerLoadResponse(
        start_time=Timestamp(seconds=int(metrics.started), nanos=int(metrics.started % 1 * 1e9)),
        uptime_seconds=load.uptime,
        requests=requests_to(metrics),
        request_times=[
            pb.RequestTimes(method=method, seconds=histogram_to(times))
            for method, times in dict(metrics.seconds).items()
        ],
        stages=stages_to(metrics),
        models=map(model_to, load.models),
        drops=[
            pb.DropCount(reason=reason, lane=LANES[lane], count=count) for (reason, lane), count in load.drops.items()
        ],
        held_bytes=load.held_bytes,
        image_count=load.image_count,
        unindexed_count=load.unindexed_count,
        process=pb.ProcessLoad(memory_bytes=load.memory_bytes, cpu_seconds=load.cpu_seconds),
    )


def requests_to(metrics: Metrics) -> Iterator[pb.RequestCount]:
    """What was answered."""
    for (method, code, reason), count in dict(metrics.requests).items():
        yield pb.RequestCount(method=method, code=code, reason=reason, count=count)


def stages_to(metrics: Metrics) -> Iterator[pb.StageTimes]:
    """Where the time went."""
    for lane, stages in metrics.stages.items():
        for stage, times in stages.items():
            yield pb.StageTimes(stage=stage, lane=LANES[lane], seconds=histogram_to(times))


def model_to(load: ModelLoad) -> pb.ModelLoad:
    """One model in service."""
    passes = load.passes
    return pb.ModelLoad(
        model_id=load.model_id,
        engine=load.engine,
        lanes=[
            pb.LaneLoad(
                lane=LANES[lane],
                embedded_count=passes.embedded[lane],
                waiting_count=load.waiting[lane].images,
                waiting_bytes=load.waiting[lane].bytes,
            )
            for lane in Lane
        ],
        batches=[
            pb.BatchTimes(lanes=lanes, rows=histogram_to(passes.rows[mix]), seconds=histogram_to(passes.seconds[mix]))
            for mix, lanes in MIXES.items()
        ],
    )


def histogram_to(histogram: Histogram) -> pb.Histogram:
    """Measurements, sorted into ranges."""
    return pb.Histogram(bounds=histogram.bounds, counts=histogram.counts, sum=histogram.sum)
