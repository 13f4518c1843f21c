"""A server's load off the wire."""

from datetime import UTC

from lookalike import types
from lookalike.v1 import load_pb2 as pb

_LANES = {pb.LANE_INTERACTIVE: types.Lane.INTERACTIVE, pb.LANE_BULK: types.Lane.BULK}


def server_load(message: pb.GetServerLoadResponse) -> types.ServerLoad:
    """One reading."""
    return types.ServerLoad(
        started=message.start_time.ToDatetime(tzinfo=UTC),
        uptime=message.uptime_seconds,
        requests=tuple(
            types.RequestCount(each.method, each.code, each.reason, each.count) for each in message.requests
        ),
        request_times=tuple(
            types.RequestTimes(each.method, _histogram(each.seconds)) for each in message.request_times
        ),
        stages=tuple(
            types.StageTimes(each.stage, _LANES[each.lane], _histogram(each.seconds)) for each in message.stages
        ),
        models=tuple(_model(each) for each in message.models),
        drops=tuple(types.DropCount(each.reason, _LANES[each.lane], each.count) for each in message.drops),
        held_bytes=message.held_bytes,
        images=message.image_count,
        unindexed=message.unindexed_count,
        memory_bytes=message.process.memory_bytes,
        cpu_seconds=message.process.cpu_seconds,
    )


def _model(message: pb.ModelLoad) -> types.ModelLoad:
    return types.ModelLoad(
        model_id=message.model_id,
        engine=message.engine,
        lanes=tuple(
            types.LaneLoad(_LANES[each.lane], each.embedded_count, each.waiting_count, each.waiting_bytes)
            for each in message.lanes
        ),
        batches=tuple(
            types.BatchTimes(
                tuple(_LANES[lane] for lane in each.lanes), _histogram(each.rows), _histogram(each.seconds)
            )
            for each in message.batches
        ),
    )


def _histogram(message: pb.Histogram) -> types.Histogram:
    return types.Histogram(tuple(message.bounds), tuple(message.counts), message.sum)
