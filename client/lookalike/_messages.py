"""Between the types of the SDK and the messages on the wire; no I/O but the reading of pictures."""

import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from lookalike import containers, pictures, types
from lookalike._failures import unsendable
from lookalike.errors import BadFilter, BadRegion, BadRequest
from lookalike.v1 import collection_service_pb2, image_service_pb2, search_service_pb2, types_pb2

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

if TYPE_CHECKING:
    from lookalike.types import Vector


def picture(source: pictures.Picture, max_bytes: int, region: types.Region | None = None) -> types_pb2.Picture:
    """A picture with its bytes, and its path where it has one."""
    box = (
        None
        if region is None
        else types_pb2.Region(left=region.left, top=region.top, right=region.right, bottom=region.bottom)
    )
    content = containers.content(pictures.checked(source), max_bytes)
    return types_pb2.Picture(content=content, region=box, path=pictures.location(source))


def query(wanted: types.Query, max_bytes: int, region: types.Region | None = None) -> search_service_pb2.SearchRequest:
    """A search request that holds only its query."""
    if region is not None and not pictures.is_picture(wanted):
        raise BadRegion("a region is cut from a picture: leave it out for other queries")
    request = search_service_pb2.SearchRequest()
    if isinstance(wanted, types.Examples):
        request.examples.positives.extend(_example(one, max_bytes) for one in wanted.positives)
        request.examples.negatives.extend(_example(one, max_bytes) for one in wanted.negatives)
        request.examples.SetInParent()
    elif pictures.is_picture(wanted):
        request.picture.CopyFrom(picture(wanted, max_bytes, region))
    elif (image_id := _stored_id(wanted)) is not None:
        request.image_id = image_id
    else:
        request.vector.float32_le = _queried(wanted)
    return request


def _example(one: types.One, max_bytes: int) -> types_pb2.Example:
    if pictures.is_picture(one):
        return types_pb2.Example(picture=picture(one, max_bytes))
    if (image_id := _stored_id(one)) is not None:
        return types_pb2.Example(image_id=image_id)
    return types_pb2.Example(vector=types_pb2.Vector(float32_le=_queried(one)))


def _stored_id(one: object) -> str | None:
    stored = one.image if isinstance(one, types.Match) else one
    if not isinstance(stored, types.StoredImage | types.Image):
        return None
    if not isinstance(stored.id, str):
        raise BadRequest(f"an image's id is text, not {stored.id!r}")
    return stored.id


def _queried(vector: Any) -> bytes:
    try:
        return _float32_le(vector)
    except TypeError as error:
        kind = type(vector).__name__
        raise TypeError(f"a query is a picture, a stored image, a vector or Examples, not {kind}: {error}") from error


def _float32_le(vector: Any) -> bytes:
    if isinstance(vector, types.Embedding):
        vector = vector.vector
    if hasattr(vector, "astype"):
        return bytes(vector.astype("<f4").tobytes())
    return _little_endian(array("f", vector)).tobytes()


def embedded(image: types.Embedded, model_id: str) -> image_service_pb2.Embedded:
    """An image that is known by the embedding that a model made of it."""
    return image_service_pb2.Embedded(
        image_id=image.image_id,
        vector=types_pb2.Vector(float32_le=_float32_le(image.vector)),
        model_id=model_id,
        scenes=[types_pb2.Scene(name=scene.name, probability=scene.probability) for scene in image.scenes],
        width=image.width,
        height=image.height,
        size_bytes=image.size_bytes,
        format=image.format,
        capture_time=timestamp(image.captured),
        location=_location_message(image.location),
    )


def _location_message(location: types.Location | None) -> types_pb2.Location | None:
    if location is None:
        return None
    return types_pb2.Location(latitude=location.latitude, longitude=location.longitude)


def vector(message: types_pb2.Vector) -> "Vector":
    """Float32 of shape [dim]: a numpy array, or an `array.array` where numpy is not installed."""
    if (numpy := _numpy()) is not None:
        return numpy.frombuffer(message.float32_le, "<f4").astype(numpy.float32)  # type: ignore[no-any-return]
    return _little_endian(array("f", message.float32_le))  # type: ignore[return-value]


def _little_endian(numbers: "array[float]") -> "array[float]":
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


@cache
def _numpy() -> ModuleType | None:
    try:
        import numpy  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        return None
    return numpy


@unsendable(BadFilter, DecodeError, RecursionError)
def filter_message(wanted: types.Filter | None) -> types_pb2.Filter | None:
    """A filter; None stays none."""
    return None if wanted is None else _filter(wanted)


def _filter(wanted: types.Filter) -> types_pb2.Filter:
    message = types_pb2.Filter(
        labels=wanted.labels,
        path_prefix=pictures.utf8(wanted.path_prefix),
        image_ids=wanted.image_ids,
        not_image_ids=wanted.not_image_ids,
        not_same_folder=wanted.not_same_folder,
        scenes=_names(wanted.scenes),
        same_scene=wanted.same_scene,
        not_same_source=wanted.not_same_source,
        geo_box=_box_message(wanted.box),
        source_paths=[pictures.utf8(path) for path in _names(wanted.source_paths)],
        all_of=map(_filter, wanted.all_of),
        any_of=map(_filter, wanted.any_of),
        none_of=map(_filter, wanted.none_of),
    )
    if wanted.captured_from is not None or wanted.captured_before is not None:
        start, end = timestamp(wanted.captured_from), timestamp(wanted.captured_before)
        message.capture_time.CopyFrom(types_pb2.TimeRange(start=start, end=end))
    return message


def filter_from(message: types_pb2.Filter) -> types.Filter:
    """A filter as somebody has written it."""
    return types.Filter(
        labels=dict(message.labels),
        path_prefix=message.path_prefix,
        captured_from=_moment(message.capture_time, "start"),
        captured_before=_moment(message.capture_time, "end"),
        image_ids=tuple(message.image_ids),
        not_image_ids=tuple(message.not_image_ids),
        not_same_folder=message.not_same_folder,
        scenes=tuple(message.scenes),
        same_scene=message.same_scene,
        not_same_source=message.not_same_source,
        box=_box(message.geo_box) if message.HasField("geo_box") else None,
        source_paths=tuple(message.source_paths),
        all_of=tuple(map(filter_from, message.all_of)),
        any_of=tuple(map(filter_from, message.any_of)),
        none_of=tuple(map(filter_from, message.none_of)),
    )


def _box(message: types_pb2.GeoBox) -> types.GeoBox:
    return types.GeoBox(message.south, message.west, message.north, message.east)


def _box_message(box: types.GeoBox | None) -> types_pb2.GeoBox | None:
    if box is None:
        return None
    return types_pb2.GeoBox(south=box.south, west=box.west, north=box.north, east=box.east)


def preference(wanted: types.ScenePreference | None) -> search_service_pb2.ScenePreference | None:
    """Which scenes to rank higher; None stays none."""
    if wanted is None:
        return None
    return search_service_pb2.ScenePreference(
        scenes=_names(wanted.scenes), same_as_query=wanted.same_as_query, weight=wanted.weight
    )


def consistency(wanted: types.Consistency | str) -> search_service_pb2.Consistency:
    """What a search must have seen. Raises BadRequest for what is no consistency."""
    try:
        known = types.Consistency(wanted)
    except ValueError:
        raise BadRequest(f"consistency is strong or eventual, not {wanted!r}") from None
    eventual = known is types.Consistency.EVENTUAL
    return search_service_pb2.CONSISTENCY_EVENTUAL if eventual else search_service_pb2.CONSISTENCY_STRONG


def _names(given: str | Sequence[str]) -> list[str]:
    """Names as a list; a single one may stand alone."""
    return [given] if isinstance(given, str) else list(given)


def timestamp(moment: datetime | None) -> Timestamp | None:
    """A point in time; one without a zone is local time, as everywhere in Python."""
    if moment is None:
        return None
    message = Timestamp()
    try:
        message.FromDatetime(moment.astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{moment} in UTC is no time between the years 1 and 9999") from error
    return message


def _moment(message: Any, name: str) -> datetime | None:
    if not message.HasField(name):
        return None
    moment: Timestamp = getattr(message, name)
    try:
        # As Timestamp.ToDatetime has it, which takes five times as long: a search's answer holds dozens.
        return _EPOCH + timedelta(seconds=moment.seconds, microseconds=moment.nanos // 1_000)
    except OverflowError:
        # Stores of before servers refused such times hold some. One of them must not take a whole page along.
        return None


def image(message: types_pb2.Image, embedding: types_pb2.Vector | None = None) -> types.Image:
    """An image's record."""
    return types.Image(
        id=message.id,
        collection=message.collection,
        sources=tuple(map(_source, message.sources)),
        labels=dict(message.labels),
        width=message.width,
        height=message.height,
        size_bytes=message.size_bytes,
        format=message.format,
        captured=_moment(message, "capture_time"),
        created=_moment(message, "create_time"),
        updated=_moment(message, "update_time"),
        embedding=None if embedding is None else vector(embedding),
        scenes=scenes(message.scenes),
        location=_location(message.location) if message.HasField("location") else None,
    )


def _source(message: types_pb2.Source) -> types.Source:
    return types.Source(message.path, _moment(message, "modify_time"), message.size_bytes)


def _location(message: types_pb2.Location) -> types.Location:
    return types.Location(message.latitude, message.longitude)


def scenes(messages: Iterable[types_pb2.Scene]) -> tuple[types.Scene, ...]:
    """Kinds of place."""
    return tuple(types.Scene(each.name, each.probability) for each in messages)


def _match(message: search_service_pb2.Match) -> types.Match:
    embedding = vector(message.embedding) if message.HasField("embedding") else None
    agreement = message.scene_agreement if message.HasField("scene_agreement") else None
    similar = tuple(_match(each) for each in message.similar)
    return types.Match(
        message.rank,
        message.distance,
        message.score,
        image(message.image),
        embedding,
        agreement,
        similar,
        message.turned,
        message.mirrored,
    )


def search_result(message: search_service_pb2.SearchResponse) -> types.SearchResult:
    """The answer to a search."""
    return types.SearchResult(
        matches=tuple(_match(each) for each in message.matches),
        model_id=message.model_id,
        generation=message.generation,
        exact=message.exact,
        timings=_timings(message.timings),
        query_scenes=scenes(message.query_scenes),
        measured_recall=message.measured_recall if message.HasField("measured_recall") else None,
        more_within=message.more_within,
    )


def duplicate_finding(message: image_service_pb2.FindDuplicatesResponse) -> types.DuplicateFinding:
    """One answer of a search for duplicates."""
    match message.WhichOneof("answer"):
        case "exact":
            return types.ExactDuplicates(image(message.exact))
        case "group":
            group = message.group
            return types.DuplicateGroup(tuple(map(image, group.images)), tuple(group.distances), group.image_count)
        case "summary":
            return types.DuplicateSummary(
                **{field.name: getattr(message.summary, field.name) for field in fields(types.DuplicateSummary)}
            )
        case _:
            return types.DuplicateProgress(message.progress.done_count, message.progress.total_count)


def embedding(message: search_service_pb2.EmbedResponse) -> types.Embedding:
    """An embedding and what it stands on."""
    return types.Embedding(
        vector(message.vector),
        message.model_id,
        message.width,
        message.height,
        _timings(message.timings),
        scenes(message.scenes),
    )


def _timings(message: types_pb2.Timings) -> types.Timings:
    return types.Timings(
        decode=message.decode_seconds,
        queue=message.queue_seconds,
        embed=message.embed_seconds,
        index=message.index_seconds,
        total=message.total_seconds,
    )


def collection(message: collection_service_pb2.Collection) -> types.Collection:
    """A collection."""
    return types.Collection(
        name=message.name,
        description=message.description,
        model_id=message.model_id,
        dim=message.dim,
        image_count=message.image_count,
        generation=message.generation,
        created=_moment(message, "create_time"),
        updated=_moment(message, "update_time"),
    )


def server_info(message: search_service_pb2.GetServerInfoResponse) -> types.ServerInfo:
    """What a server is."""
    return types.ServerInfo(
        version=message.version,
        models=tuple(_model(each) for each in message.models),
        limits=_limits(message.limits),
        versions=dict(message.versions),
        ready=message.ready,
        indexes=tuple(_index(each) for each in message.indexes),
    )


def _index(message: search_service_pb2.IndexInfo) -> types.IndexInfo:
    return types.IndexInfo(
        collection=message.collection,
        image_count=message.image_count,
        indexed_count=message.indexed_count,
        effort=message.effort,
        recall_target=message.recall_target,
        measured_recall=message.measured_recall if message.HasField("measured_recall") else None,
        sample_size=message.sample_size,
        measured=_moment(message, "measure_time"),
    )


def _model(message: search_service_pb2.ModelInfo) -> types.ModelInfo:
    return types.ModelInfo(
        message.id,
        message.name,
        message.dim,
        message.engine,
        message.input_width,
        message.input_height,
        tuple(message.scenes),
    )


def _limits(message: search_service_pb2.Limits) -> types.Limits:
    return types.Limits(
        max_image_bytes=message.max_image_bytes,
        max_image_pixels=message.max_image_pixels,
        max_limit=message.max_limit,
        max_page_size=message.max_page_size,
        max_ids=message.max_ids,
        formats=tuple(message.formats),
    )


def source(given: types.Source | None) -> types_pb2.Source | None:
    """A source; None stays none."""
    if given is None:
        return None
    path, modified = pictures.utf8(given.path), timestamp(given.modified)
    return types_pb2.Source(path=path, modify_time=modified, size_bytes=given.size_bytes)


def sighting(given: types.Sighting) -> image_service_pb2.Sighting:
    """An image and a place where it was seen, as far as taking it back needs."""
    place = types_pb2.Source(path=pictures.utf8(given.source.path))
    return image_service_pb2.Sighting(image_id=given.image_id, source=place)


def seen(message: image_service_pb2.Sighting) -> types.Sighting:
    """An image and a place where it was seen."""
    return types.Sighting(message.image_id, _source(message.source))


def labels(given: Mapping[str, str]) -> dict[str, str]:
    """Labels as a message takes them. Raises TypeError in words, which protobuf has none for."""
    for label in given.items():
        if not all(isinstance(part, str) for part in label):
            raise TypeError(f"labels are text, unlike {label[0]!r}: {label[1]!r}")
    return dict(given)


def count(name: str, number: int) -> int:
    """A number that the server may judge. Raises BadRequest for what the wire does not hold."""
    if not 0 <= number < 1 << 32:
        raise BadRequest(f"{name} runs from 1 to what the server's limits say; {number} does not")
    return number


def ids(image_ids: str | Sequence[str]) -> list[str]:
    """Ids as a list; a single one may stand alone."""
    return [image_ids] if isinstance(image_ids, str) else list(image_ids)
