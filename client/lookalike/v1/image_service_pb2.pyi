from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from lookalike.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ImportImagesRequest(_message.Message):
    __slots__ = ("tag", "collection", "content", "image_id", "embedded", "source", "labels")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    TAG_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    EMBEDDED_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    tag: int
    collection: str
    content: bytes
    image_id: str
    embedded: Embedded
    source: _types_pb2.Source
    labels: _containers.ScalarMap[str, str]
    def __init__(self, tag: _Optional[int] = ..., collection: _Optional[str] = ..., content: _Optional[bytes] = ..., image_id: _Optional[str] = ..., embedded: _Optional[_Union[Embedded, _Mapping]] = ..., source: _Optional[_Union[_types_pb2.Source, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Embedded(_message.Message):
    __slots__ = ("image_id", "vector", "model_id", "scenes", "width", "height", "size_bytes", "format", "capture_time", "location")
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    SCENES_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_TIME_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    image_id: str
    vector: _types_pb2.Vector
    model_id: str
    scenes: _containers.RepeatedCompositeFieldContainer[_types_pb2.Scene]
    width: int
    height: int
    size_bytes: int
    format: str
    capture_time: _timestamp_pb2.Timestamp
    location: _types_pb2.Location
    def __init__(self, image_id: _Optional[str] = ..., vector: _Optional[_Union[_types_pb2.Vector, _Mapping]] = ..., model_id: _Optional[str] = ..., scenes: _Optional[_Iterable[_Union[_types_pb2.Scene, _Mapping]]] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., size_bytes: _Optional[int] = ..., format: _Optional[str] = ..., capture_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., location: _Optional[_Union[_types_pb2.Location, _Mapping]] = ...) -> None: ...

class ImportImagesResponse(_message.Message):
    __slots__ = ("tag", "status", "outcome", "image_id")
    class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OUTCOME_UNSPECIFIED: _ClassVar[ImportImagesResponse.Outcome]
        OUTCOME_CREATED: _ClassVar[ImportImagesResponse.Outcome]
        OUTCOME_EXISTED: _ClassVar[ImportImagesResponse.Outcome]
    OUTCOME_UNSPECIFIED: ImportImagesResponse.Outcome
    OUTCOME_CREATED: ImportImagesResponse.Outcome
    OUTCOME_EXISTED: ImportImagesResponse.Outcome
    TAG_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    tag: int
    status: _types_pb2.ItemStatus
    outcome: ImportImagesResponse.Outcome
    image_id: str
    def __init__(self, tag: _Optional[int] = ..., status: _Optional[_Union[_types_pb2.ItemStatus, _Mapping]] = ..., outcome: _Optional[_Union[ImportImagesResponse.Outcome, str]] = ..., image_id: _Optional[str] = ...) -> None: ...

class ReembedImagesRequest(_message.Message):
    __slots__ = ("tag", "collection", "model", "content")
    TAG_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    tag: int
    collection: str
    model: str
    content: bytes
    def __init__(self, tag: _Optional[int] = ..., collection: _Optional[str] = ..., model: _Optional[str] = ..., content: _Optional[bytes] = ...) -> None: ...

class ReembedImagesResponse(_message.Message):
    __slots__ = ("tag", "status", "image_id")
    TAG_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    tag: int
    status: _types_pb2.ItemStatus
    image_id: str
    def __init__(self, tag: _Optional[int] = ..., status: _Optional[_Union[_types_pb2.ItemStatus, _Mapping]] = ..., image_id: _Optional[str] = ...) -> None: ...

class FindMissingImagesRequest(_message.Message):
    __slots__ = ("collection", "image_ids")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_IDS_FIELD_NUMBER: _ClassVar[int]
    collection: str
    image_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, collection: _Optional[str] = ..., image_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class FindMissingImagesResponse(_message.Message):
    __slots__ = ("missing_image_ids",)
    MISSING_IMAGE_IDS_FIELD_NUMBER: _ClassVar[int]
    missing_image_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, missing_image_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetImageRequest(_message.Message):
    __slots__ = ("collection", "image_id", "include_embedding")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    collection: str
    image_id: str
    include_embedding: bool
    def __init__(self, collection: _Optional[str] = ..., image_id: _Optional[str] = ..., include_embedding: bool = ...) -> None: ...

class GetImageResponse(_message.Message):
    __slots__ = ("image", "embedding")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    image: _types_pb2.Image
    embedding: _types_pb2.Vector
    def __init__(self, image: _Optional[_Union[_types_pb2.Image, _Mapping]] = ..., embedding: _Optional[_Union[_types_pb2.Vector, _Mapping]] = ...) -> None: ...

class ListImagesRequest(_message.Message):
    __slots__ = ("collection", "page_size", "page_token", "filter", "not_embedded_by", "include_embeddings")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    NOT_EMBEDDED_BY_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    collection: str
    page_size: int
    page_token: str
    filter: _types_pb2.Filter
    not_embedded_by: str
    include_embeddings: bool
    def __init__(self, collection: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[_Union[_types_pb2.Filter, _Mapping]] = ..., not_embedded_by: _Optional[str] = ..., include_embeddings: bool = ...) -> None: ...

class ListImagesResponse(_message.Message):
    __slots__ = ("images", "next_page_token", "embeddings")
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    images: _containers.RepeatedCompositeFieldContainer[_types_pb2.Image]
    next_page_token: str
    embeddings: _containers.RepeatedCompositeFieldContainer[_types_pb2.Vector]
    def __init__(self, images: _Optional[_Iterable[_Union[_types_pb2.Image, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., embeddings: _Optional[_Iterable[_Union[_types_pb2.Vector, _Mapping]]] = ...) -> None: ...

class UpdateImageRequest(_message.Message):
    __slots__ = ("image", "update_mask")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    image: _types_pb2.Image
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, image: _Optional[_Union[_types_pb2.Image, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateImageResponse(_message.Message):
    __slots__ = ("image",)
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    image: _types_pb2.Image
    def __init__(self, image: _Optional[_Union[_types_pb2.Image, _Mapping]] = ...) -> None: ...

class DeleteImagesRequest(_message.Message):
    __slots__ = ("collection", "image_ids", "allow_missing")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_IDS_FIELD_NUMBER: _ClassVar[int]
    ALLOW_MISSING_FIELD_NUMBER: _ClassVar[int]
    collection: str
    image_ids: _containers.RepeatedScalarFieldContainer[str]
    allow_missing: bool
    def __init__(self, collection: _Optional[str] = ..., image_ids: _Optional[_Iterable[str]] = ..., allow_missing: bool = ...) -> None: ...

class DeleteImagesResponse(_message.Message):
    __slots__ = ("deleted_count",)
    DELETED_COUNT_FIELD_NUMBER: _ClassVar[int]
    deleted_count: int
    def __init__(self, deleted_count: _Optional[int] = ...) -> None: ...

class Sighting(_message.Message):
    __slots__ = ("image_id", "source")
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    image_id: str
    source: _types_pb2.Source
    def __init__(self, image_id: _Optional[str] = ..., source: _Optional[_Union[_types_pb2.Source, _Mapping]] = ...) -> None: ...

class ListSourcesRequest(_message.Message):
    __slots__ = ("collection", "page_size", "page_token", "path_prefix")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PATH_PREFIX_FIELD_NUMBER: _ClassVar[int]
    collection: str
    page_size: int
    page_token: str
    path_prefix: str
    def __init__(self, collection: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., path_prefix: _Optional[str] = ...) -> None: ...

class ListSourcesResponse(_message.Message):
    __slots__ = ("sightings", "next_page_token")
    SIGHTINGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    sightings: _containers.RepeatedCompositeFieldContainer[Sighting]
    next_page_token: str
    def __init__(self, sightings: _Optional[_Iterable[_Union[Sighting, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RemoveSourcesRequest(_message.Message):
    __slots__ = ("collection", "sightings", "remove_images")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    SIGHTINGS_FIELD_NUMBER: _ClassVar[int]
    REMOVE_IMAGES_FIELD_NUMBER: _ClassVar[int]
    collection: str
    sightings: _containers.RepeatedCompositeFieldContainer[Sighting]
    remove_images: bool
    def __init__(self, collection: _Optional[str] = ..., sightings: _Optional[_Iterable[_Union[Sighting, _Mapping]]] = ..., remove_images: bool = ...) -> None: ...

class RemoveSourcesResponse(_message.Message):
    __slots__ = ("removed_source_count", "removed_image_count")
    REMOVED_SOURCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    REMOVED_IMAGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    removed_source_count: int
    removed_image_count: int
    def __init__(self, removed_source_count: _Optional[int] = ..., removed_image_count: _Optional[int] = ...) -> None: ...

class FindDuplicatesRequest(_message.Message):
    __slots__ = ("collection", "max_distance", "filter")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    MAX_DISTANCE_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    collection: str
    max_distance: float
    filter: _types_pb2.Filter
    def __init__(self, collection: _Optional[str] = ..., max_distance: _Optional[float] = ..., filter: _Optional[_Union[_types_pb2.Filter, _Mapping]] = ...) -> None: ...

class FindDuplicatesResponse(_message.Message):
    __slots__ = ("progress", "group", "summary", "exact")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    progress: DuplicateProgress
    group: DuplicateGroup
    summary: DuplicateSummary
    exact: _types_pb2.Image
    def __init__(self, progress: _Optional[_Union[DuplicateProgress, _Mapping]] = ..., group: _Optional[_Union[DuplicateGroup, _Mapping]] = ..., summary: _Optional[_Union[DuplicateSummary, _Mapping]] = ..., exact: _Optional[_Union[_types_pb2.Image, _Mapping]] = ...) -> None: ...

class DuplicateProgress(_message.Message):
    __slots__ = ("done_count", "total_count")
    DONE_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    done_count: int
    total_count: int
    def __init__(self, done_count: _Optional[int] = ..., total_count: _Optional[int] = ...) -> None: ...

class DuplicateGroup(_message.Message):
    __slots__ = ("images", "distances", "image_count")
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    DISTANCES_FIELD_NUMBER: _ClassVar[int]
    IMAGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    images: _containers.RepeatedCompositeFieldContainer[_types_pb2.Image]
    distances: _containers.RepeatedScalarFieldContainer[float]
    image_count: int
    def __init__(self, images: _Optional[_Iterable[_Union[_types_pb2.Image, _Mapping]]] = ..., distances: _Optional[_Iterable[float]] = ..., image_count: _Optional[int] = ...) -> None: ...

class DuplicateSummary(_message.Message):
    __slots__ = ("max_distance", "image_count", "group_count", "grouped_count", "many_sources_count", "random_pairs", "random_pairs_within")
    MAX_DISTANCE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    GROUP_COUNT_FIELD_NUMBER: _ClassVar[int]
    GROUPED_COUNT_FIELD_NUMBER: _ClassVar[int]
    MANY_SOURCES_COUNT_FIELD_NUMBER: _ClassVar[int]
    RANDOM_PAIRS_FIELD_NUMBER: _ClassVar[int]
    RANDOM_PAIRS_WITHIN_FIELD_NUMBER: _ClassVar[int]
    max_distance: float
    image_count: int
    group_count: int
    grouped_count: int
    many_sources_count: int
    random_pairs: int
    random_pairs_within: int
    def __init__(self, max_distance: _Optional[float] = ..., image_count: _Optional[int] = ..., group_count: _Optional[int] = ..., grouped_count: _Optional[int] = ..., many_sources_count: _Optional[int] = ..., random_pairs: _Optional[int] = ..., random_pairs_within: _Optional[int] = ...) -> None: ...
