from google.protobuf import timestamp_pb2 as _timestamp_pb2
from lookalike.v1 import load_pb2 as _load_pb2
from lookalike.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Consistency(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONSISTENCY_UNSPECIFIED: _ClassVar[Consistency]
    CONSISTENCY_STRONG: _ClassVar[Consistency]
    CONSISTENCY_EVENTUAL: _ClassVar[Consistency]
CONSISTENCY_UNSPECIFIED: Consistency
CONSISTENCY_STRONG: Consistency
CONSISTENCY_EVENTUAL: Consistency

class SearchRequest(_message.Message):
    __slots__ = ("collection", "picture", "image_id", "vector", "examples", "limit", "max_distance", "filter", "exact", "include_embeddings", "consistency", "prefer", "group_distance", "tta")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    PICTURE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    MAX_DISTANCE_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    PREFER_FIELD_NUMBER: _ClassVar[int]
    GROUP_DISTANCE_FIELD_NUMBER: _ClassVar[int]
    TTA_FIELD_NUMBER: _ClassVar[int]
    collection: str
    picture: _types_pb2.Picture
    image_id: str
    vector: _types_pb2.Vector
    examples: _types_pb2.Examples
    limit: int
    max_distance: float
    filter: _types_pb2.Filter
    exact: bool
    include_embeddings: bool
    consistency: Consistency
    prefer: ScenePreference
    group_distance: float
    tta: bool
    def __init__(self, collection: _Optional[str] = ..., picture: _Optional[_Union[_types_pb2.Picture, _Mapping]] = ..., image_id: _Optional[str] = ..., vector: _Optional[_Union[_types_pb2.Vector, _Mapping]] = ..., examples: _Optional[_Union[_types_pb2.Examples, _Mapping]] = ..., limit: _Optional[int] = ..., max_distance: _Optional[float] = ..., filter: _Optional[_Union[_types_pb2.Filter, _Mapping]] = ..., exact: bool = ..., include_embeddings: bool = ..., consistency: _Optional[_Union[Consistency, str]] = ..., prefer: _Optional[_Union[ScenePreference, _Mapping]] = ..., group_distance: _Optional[float] = ..., tta: bool = ...) -> None: ...

class ScenePreference(_message.Message):
    __slots__ = ("scenes", "same_as_query", "weight")
    SCENES_FIELD_NUMBER: _ClassVar[int]
    SAME_AS_QUERY_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    scenes: _containers.RepeatedScalarFieldContainer[str]
    same_as_query: bool
    weight: float
    def __init__(self, scenes: _Optional[_Iterable[str]] = ..., same_as_query: bool = ..., weight: _Optional[float] = ...) -> None: ...

class SearchResponse(_message.Message):
    __slots__ = ("matches", "model_id", "generation", "exact", "timings", "query_scenes", "measured_recall", "more_within")
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    QUERY_SCENES_FIELD_NUMBER: _ClassVar[int]
    MEASURED_RECALL_FIELD_NUMBER: _ClassVar[int]
    MORE_WITHIN_FIELD_NUMBER: _ClassVar[int]
    matches: _containers.RepeatedCompositeFieldContainer[Match]
    model_id: str
    generation: int
    exact: bool
    timings: _types_pb2.Timings
    query_scenes: _containers.RepeatedCompositeFieldContainer[_types_pb2.Scene]
    measured_recall: float
    more_within: bool
    def __init__(self, matches: _Optional[_Iterable[_Union[Match, _Mapping]]] = ..., model_id: _Optional[str] = ..., generation: _Optional[int] = ..., exact: bool = ..., timings: _Optional[_Union[_types_pb2.Timings, _Mapping]] = ..., query_scenes: _Optional[_Iterable[_Union[_types_pb2.Scene, _Mapping]]] = ..., measured_recall: _Optional[float] = ..., more_within: bool = ...) -> None: ...

class Match(_message.Message):
    __slots__ = ("rank", "distance", "score", "image", "embedding", "scene_agreement", "similar", "turned", "mirrored")
    RANK_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    SCENE_AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    SIMILAR_FIELD_NUMBER: _ClassVar[int]
    TURNED_FIELD_NUMBER: _ClassVar[int]
    MIRRORED_FIELD_NUMBER: _ClassVar[int]
    rank: int
    distance: float
    score: float
    image: _types_pb2.Image
    embedding: _types_pb2.Vector
    scene_agreement: float
    similar: _containers.RepeatedCompositeFieldContainer[Match]
    turned: int
    mirrored: bool
    def __init__(self, rank: _Optional[int] = ..., distance: _Optional[float] = ..., score: _Optional[float] = ..., image: _Optional[_Union[_types_pb2.Image, _Mapping]] = ..., embedding: _Optional[_Union[_types_pb2.Vector, _Mapping]] = ..., scene_agreement: _Optional[float] = ..., similar: _Optional[_Iterable[_Union[Match, _Mapping]]] = ..., turned: _Optional[int] = ..., mirrored: bool = ...) -> None: ...

class SearchStreamRequest(_message.Message):
    __slots__ = ("tag", "search")
    TAG_FIELD_NUMBER: _ClassVar[int]
    SEARCH_FIELD_NUMBER: _ClassVar[int]
    tag: int
    search: SearchRequest
    def __init__(self, tag: _Optional[int] = ..., search: _Optional[_Union[SearchRequest, _Mapping]] = ...) -> None: ...

class SearchStreamResponse(_message.Message):
    __slots__ = ("tag", "result", "error")
    TAG_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    tag: int
    result: SearchResponse
    error: _types_pb2.ItemStatus
    def __init__(self, tag: _Optional[int] = ..., result: _Optional[_Union[SearchResponse, _Mapping]] = ..., error: _Optional[_Union[_types_pb2.ItemStatus, _Mapping]] = ...) -> None: ...

class EmbedRequest(_message.Message):
    __slots__ = ("picture", "model")
    PICTURE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    picture: _types_pb2.Picture
    model: str
    def __init__(self, picture: _Optional[_Union[_types_pb2.Picture, _Mapping]] = ..., model: _Optional[str] = ...) -> None: ...

class EmbedResponse(_message.Message):
    __slots__ = ("vector", "model_id", "width", "height", "timings", "scenes")
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    SCENES_FIELD_NUMBER: _ClassVar[int]
    vector: _types_pb2.Vector
    model_id: str
    width: int
    height: int
    timings: _types_pb2.Timings
    scenes: _containers.RepeatedCompositeFieldContainer[_types_pb2.Scene]
    def __init__(self, vector: _Optional[_Union[_types_pb2.Vector, _Mapping]] = ..., model_id: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., timings: _Optional[_Union[_types_pb2.Timings, _Mapping]] = ..., scenes: _Optional[_Iterable[_Union[_types_pb2.Scene, _Mapping]]] = ...) -> None: ...

class GetServerInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetServerInfoResponse(_message.Message):
    __slots__ = ("version", "models", "limits", "versions", "ready", "indexes")
    class VersionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    INDEXES_FIELD_NUMBER: _ClassVar[int]
    version: str
    models: _containers.RepeatedCompositeFieldContainer[ModelInfo]
    limits: Limits
    versions: _containers.ScalarMap[str, str]
    ready: bool
    indexes: _containers.RepeatedCompositeFieldContainer[IndexInfo]
    def __init__(self, version: _Optional[str] = ..., models: _Optional[_Iterable[_Union[ModelInfo, _Mapping]]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., versions: _Optional[_Mapping[str, str]] = ..., ready: bool = ..., indexes: _Optional[_Iterable[_Union[IndexInfo, _Mapping]]] = ...) -> None: ...

class IndexInfo(_message.Message):
    __slots__ = ("collection", "image_count", "indexed_count", "effort", "recall_target", "measured_recall", "sample_size", "measure_time")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    INDEXED_COUNT_FIELD_NUMBER: _ClassVar[int]
    EFFORT_FIELD_NUMBER: _ClassVar[int]
    RECALL_TARGET_FIELD_NUMBER: _ClassVar[int]
    MEASURED_RECALL_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    MEASURE_TIME_FIELD_NUMBER: _ClassVar[int]
    collection: str
    image_count: int
    indexed_count: int
    effort: int
    recall_target: float
    measured_recall: float
    sample_size: int
    measure_time: _timestamp_pb2.Timestamp
    def __init__(self, collection: _Optional[str] = ..., image_count: _Optional[int] = ..., indexed_count: _Optional[int] = ..., effort: _Optional[int] = ..., recall_target: _Optional[float] = ..., measured_recall: _Optional[float] = ..., sample_size: _Optional[int] = ..., measure_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ModelInfo(_message.Message):
    __slots__ = ("id", "name", "dim", "engine", "input_width", "input_height", "scenes")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    INPUT_WIDTH_FIELD_NUMBER: _ClassVar[int]
    INPUT_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SCENES_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    dim: int
    engine: str
    input_width: int
    input_height: int
    scenes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., dim: _Optional[int] = ..., engine: _Optional[str] = ..., input_width: _Optional[int] = ..., input_height: _Optional[int] = ..., scenes: _Optional[_Iterable[str]] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("max_image_bytes", "max_image_pixels", "max_limit", "max_page_size", "max_ids", "formats")
    MAX_IMAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_IMAGE_PIXELS_FIELD_NUMBER: _ClassVar[int]
    MAX_LIMIT_FIELD_NUMBER: _ClassVar[int]
    MAX_PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAX_IDS_FIELD_NUMBER: _ClassVar[int]
    FORMATS_FIELD_NUMBER: _ClassVar[int]
    max_image_bytes: int
    max_image_pixels: int
    max_limit: int
    max_page_size: int
    max_ids: int
    formats: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, max_image_bytes: _Optional[int] = ..., max_image_pixels: _Optional[int] = ..., max_limit: _Optional[int] = ..., max_page_size: _Optional[int] = ..., max_ids: _Optional[int] = ..., formats: _Optional[_Iterable[str]] = ...) -> None: ...
