from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Lane(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LANE_UNSPECIFIED: _ClassVar[Lane]
    LANE_INTERACTIVE: _ClassVar[Lane]
    LANE_BULK: _ClassVar[Lane]
LANE_UNSPECIFIED: Lane
LANE_INTERACTIVE: Lane
LANE_BULK: Lane

class GetServerLoadRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetServerLoadResponse(_message.Message):
    __slots__ = ("start_time", "uptime_seconds", "requests", "request_times", "stages", "models", "drops", "held_bytes", "image_count", "unindexed_count", "process")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    UPTIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_TIMES_FIELD_NUMBER: _ClassVar[int]
    STAGES_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    DROPS_FIELD_NUMBER: _ClassVar[int]
    HELD_BYTES_FIELD_NUMBER: _ClassVar[int]
    IMAGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNINDEXED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROCESS_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    uptime_seconds: float
    requests: _containers.RepeatedCompositeFieldContainer[RequestCount]
    request_times: _containers.RepeatedCompositeFieldContainer[RequestTimes]
    stages: _containers.RepeatedCompositeFieldContainer[StageTimes]
    models: _containers.RepeatedCompositeFieldContainer[ModelLoad]
    drops: _containers.RepeatedCompositeFieldContainer[DropCount]
    held_bytes: int
    image_count: int
    unindexed_count: int
    process: ProcessLoad
    def __init__(self, start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., uptime_seconds: _Optional[float] = ..., requests: _Optional[_Iterable[_Union[RequestCount, _Mapping]]] = ..., request_times: _Optional[_Iterable[_Union[RequestTimes, _Mapping]]] = ..., stages: _Optional[_Iterable[_Union[StageTimes, _Mapping]]] = ..., models: _Optional[_Iterable[_Union[ModelLoad, _Mapping]]] = ..., drops: _Optional[_Iterable[_Union[DropCount, _Mapping]]] = ..., held_bytes: _Optional[int] = ..., image_count: _Optional[int] = ..., unindexed_count: _Optional[int] = ..., process: _Optional[_Union[ProcessLoad, _Mapping]] = ...) -> None: ...

class RequestCount(_message.Message):
    __slots__ = ("method", "code", "reason", "count")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    method: str
    code: str
    reason: str
    count: int
    def __init__(self, method: _Optional[str] = ..., code: _Optional[str] = ..., reason: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class RequestTimes(_message.Message):
    __slots__ = ("method", "seconds")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    method: str
    seconds: Histogram
    def __init__(self, method: _Optional[str] = ..., seconds: _Optional[_Union[Histogram, _Mapping]] = ...) -> None: ...

class StageTimes(_message.Message):
    __slots__ = ("stage", "lane", "seconds")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    LANE_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    stage: str
    lane: Lane
    seconds: Histogram
    def __init__(self, stage: _Optional[str] = ..., lane: _Optional[_Union[Lane, str]] = ..., seconds: _Optional[_Union[Histogram, _Mapping]] = ...) -> None: ...

class ModelLoad(_message.Message):
    __slots__ = ("model_id", "engine", "lanes", "batches")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    LANES_FIELD_NUMBER: _ClassVar[int]
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    engine: str
    lanes: _containers.RepeatedCompositeFieldContainer[LaneLoad]
    batches: _containers.RepeatedCompositeFieldContainer[BatchTimes]
    def __init__(self, model_id: _Optional[str] = ..., engine: _Optional[str] = ..., lanes: _Optional[_Iterable[_Union[LaneLoad, _Mapping]]] = ..., batches: _Optional[_Iterable[_Union[BatchTimes, _Mapping]]] = ...) -> None: ...

class LaneLoad(_message.Message):
    __slots__ = ("lane", "embedded_count", "waiting_count", "waiting_bytes")
    LANE_FIELD_NUMBER: _ClassVar[int]
    EMBEDDED_COUNT_FIELD_NUMBER: _ClassVar[int]
    WAITING_COUNT_FIELD_NUMBER: _ClassVar[int]
    WAITING_BYTES_FIELD_NUMBER: _ClassVar[int]
    lane: Lane
    embedded_count: int
    waiting_count: int
    waiting_bytes: int
    def __init__(self, lane: _Optional[_Union[Lane, str]] = ..., embedded_count: _Optional[int] = ..., waiting_count: _Optional[int] = ..., waiting_bytes: _Optional[int] = ...) -> None: ...

class DropCount(_message.Message):
    __slots__ = ("reason", "lane", "count")
    REASON_FIELD_NUMBER: _ClassVar[int]
    LANE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    reason: str
    lane: Lane
    count: int
    def __init__(self, reason: _Optional[str] = ..., lane: _Optional[_Union[Lane, str]] = ..., count: _Optional[int] = ...) -> None: ...

class BatchTimes(_message.Message):
    __slots__ = ("lanes", "rows", "seconds")
    LANES_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    lanes: _containers.RepeatedScalarFieldContainer[Lane]
    rows: Histogram
    seconds: Histogram
    def __init__(self, lanes: _Optional[_Iterable[_Union[Lane, str]]] = ..., rows: _Optional[_Union[Histogram, _Mapping]] = ..., seconds: _Optional[_Union[Histogram, _Mapping]] = ...) -> None: ...

class Histogram(_message.Message):
    __slots__ = ("bounds", "counts", "sum")
    BOUNDS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    SUM_FIELD_NUMBER: _ClassVar[int]
    bounds: _containers.RepeatedScalarFieldContainer[float]
    counts: _containers.RepeatedScalarFieldContainer[int]
    sum: float
    def __init__(self, bounds: _Optional[_Iterable[float]] = ..., counts: _Optional[_Iterable[int]] = ..., sum: _Optional[float] = ...) -> None: ...

class ProcessLoad(_message.Message):
    __slots__ = ("memory_bytes", "cpu_seconds")
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    CPU_SECONDS_FIELD_NUMBER: _ClassVar[int]
    memory_bytes: int
    cpu_seconds: float
    def __init__(self, memory_bytes: _Optional[int] = ..., cpu_seconds: _Optional[float] = ...) -> None: ...
