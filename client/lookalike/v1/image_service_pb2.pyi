from google.protobuf import field_mask_pb2 as _field_mask_pb2
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
    __slots__ = ("image_id", "vector", "model_id", "scenes")
    IMAGE_ID_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    SCENES_FIELD_NUMBER: _ClassVar[int]
    image_id: str
    vector: _types_pb2.Vector
    model_id: str
    scenes: _containers.RepeatedCompositeFieldContainer[_types_pb2.Scene]
    def __init__(self, image_id: _Optional[str] = ..., vector: _Optional[_Union[_types_pb2.Vector, _Mapping]] = ..., model_id: _Optional[str] = ..., scenes: _Optional[_Iterable[_Union[_types_pb2.Scene, _Mapping]]] = ...) -> None: ...

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
    __slots__ = ("collection", "page_size", "page_token", "filter", "not_embedded_by")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    NOT_EMBEDDED_BY_FIELD_NUMBER: _ClassVar[int]
    collection: str
    page_size: int
    page_token: str
    filter: _types_pb2.Filter
    not_embedded_by: str
    def __init__(self, collection: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[_Union[_types_pb2.Filter, _Mapping]] = ..., not_embedded_by: _Optional[str] = ...) -> None: ...

class ListImagesResponse(_message.Message):
    __slots__ = ("images", "next_page_token")
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    images: _containers.RepeatedCompositeFieldContainer[_types_pb2.Image]
    next_page_token: str
    def __init__(self, images: _Optional[_Iterable[_Union[_types_pb2.Image, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

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
