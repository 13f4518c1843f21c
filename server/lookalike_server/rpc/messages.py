"""Messages to domain objects and back.

What a message leaves out raises BadRequest here; what its values may be is checked where they are used.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from lookalike.v1 import collection_service_pb2, image_service_pb2, search_service_pb2, types_pb2
from lookalike_server import records, stages
from lookalike_server.catalog import limits
from lookalike_server.errors import BadFilter, BadRequest, DimensionMismatch
from lookalike_server.importing import Item
from lookalike_server.info import ServerInfo
from lookalike_server.pipeline.decode import Region
from lookalike_server.pipeline.embed import Picture
from lookalike_server.pipeline.formats import readable
from lookalike_server.queries import Example, Examples, Ready, ScenePreference, Search, Stored

RELATIVE = ("not_same_folder", "same_scene", "not_same_source")
"""Conditions of a filter that mean the query."""

# ---- from the wire ----


def search_from(message: search_service_pb2.SearchRequest) -> Search:
    """The search that a request asks for."""
    return Search(
        collection=message.collection,
        query=query_from(message),
        limit=message.limit or limits.DEFAULT_LIMIT,
        max_distance=message.max_distance if message.HasField("max_distance") else None,
        filter=filter_from(message.filter),
        not_same_folder=message.filter.not_same_folder,
        not_same_source=message.filter.not_same_source,
        same_scene=message.filter.same_scene,
        prefer=preference_from(message.prefer) if message.HasField("prefer") else None,
        exact=message.exact,
        with_vectors=message.include_embeddings,
        group_distance=message.group_distance if message.HasField("group_distance") else None,
        eventual=message.consistency == search_service_pb2.CONSISTENCY_EVENTUAL,
        tta=message.tta,
    )


def preference_from(message: search_service_pb2.ScenePreference) -> ScenePreference:
    """Which scenes to rank higher."""
    weight = message.weight if message.HasField("weight") else ScenePreference().weight
    return ScenePreference(frozenset(message.scenes), message.same_as_query, weight)


def query_from(message: search_service_pb2.SearchRequest) -> Example | Examples:
    """The query's one kind out of four."""
    if message.WhichOneof("query") == "examples":
        return Examples(
            tuple(example_from(each) for each in message.examples.positives),
            tuple(example_from(each) for each in message.examples.negatives),
        )
    return start_from(message, message.WhichOneof("query"))


def example_from(message: types_pb2.Example) -> Example:
    """One example."""
    return start_from(message, message.WhichOneof("example"))


def start_from(message: search_service_pb2.SearchRequest | types_pb2.Example, kind: str | None) -> Example:
    """A picture, a stored image or a vector: the fields that queries and examples share."""
    match kind:
        case "picture":
            return picture_from(message.picture)
        case "image_id":
            return Stored(message.image_id)
        case "vector":
            return Ready(vector_from(message.vector))
        case _:
            raise BadRequest("the query is missing: give a picture, an image id, a vector or examples")


def picture_from(message: types_pb2.Picture) -> Picture:
    """A picture that travels with the call."""
    region = message.region if message.HasField("region") else None
    box = Region(region.left, region.top, region.right, region.bottom) if region else None
    return Picture(message.content, box, message.path)


def vector_from(message: types_pb2.Vector) -> records.Vector:
    """Little-endian float32 bytes as an array."""
    if len(message.float32_le) % 4:
        raise DimensionMismatch("a vector is float32 numbers, 4 bytes each: these bytes are cut short")
    return np.frombuffer(message.float32_le, dtype="<f4").astype(np.float32)


def filter_from(message: types_pb2.Filter) -> records.Filter:
    """The filter but for what it says relative to the query."""
    try:
        start, end = (micros_from(message.capture_time, side) for side in ("start", "end"))
    except BadRequest as error:
        raise BadFilter(f"in the filter: capture_time.{error}") from error
    return records.Filter(
        labels=dict(message.labels),
        path_prefix=message.path_prefix,
        captured_from=start,
        captured_before=end,
        ids=frozenset(message.image_ids),
        not_ids=frozenset(message.not_image_ids),
        scenes=frozenset(message.scenes) or None,
        box=box_from(message.geo_box) if message.HasField("geo_box") else None,
        paths=frozenset(message.source_paths),
        all_of=tuple(map(inner_filter_from, message.all_of)),
        any_of=tuple(map(inner_filter_from, message.any_of)),
        none_of=tuple(map(inner_filter_from, message.none_of)),
    )


def box_from(message: types_pb2.GeoBox) -> records.Box:
    """A stretch of the Earth."""
    return records.Box(message.south, message.west, message.north, message.east)


def inner_filter_from(message: types_pb2.Filter) -> records.Filter:
    """A filter within another."""
    for name in RELATIVE:
        if getattr(message, name):
            raise BadFilter(f"{name} stands at the top of a filter only, not in its all_of, any_of or none_of")
    return filter_from(message)


def listing_filter_from(message: types_pb2.Filter) -> records.Filter:
    """The filter of a listing, where there is no query."""
    for name in RELATIVE:
        if getattr(message, name):
            raise BadFilter(f"{name} needs a query: list with path_prefix or scenes instead")
    return filter_from(message)


def item_from(message: image_service_pb2.ImportImagesRequest) -> Item:
    """One picture on its way in."""
    if message.WhichOneof("payload") is None:
        raise BadRequest("the payload is missing: give content, an image id or an embedding")
    return Item(
        collection=message.collection,
        content=message.content if message.HasField("content") else None,
        image_id=named(message),
        embedded=embedded_from(message.embedded) if message.HasField("embedded") else None,
        source=source_from(message.source) if message.HasField("source") else None,
        labels=dict(message.labels),
    )


def named(message: image_service_pb2.ImportImagesRequest) -> str:
    """The image's id where the request says it."""
    return message.image_id or message.embedded.image_id


def embedded_from(message: image_service_pb2.Embedded) -> records.Content:
    """An image without its picture."""
    return records.Content(
        width=message.width,
        height=message.height,
        size_bytes=message.size_bytes,
        format=message.format,
        captured=micros_from(message, "capture_time"),
        vector=vector_from(message.vector),
        scenes=tuple(records.Scene(scene.name, scene.probability) for scene in message.scenes),
        model_id=message.model_id,
        location=location_from(message.location) if message.HasField("location") else None,
    )


def location_from(message: types_pb2.Location) -> records.Location:
    """A place on Earth."""
    return records.Location(message.latitude, message.longitude)


def named_model(message: collection_service_pb2.SwitchModelRequest | image_service_pb2.ReembedImagesRequest) -> str:
    """The model, which must be named."""
    if not message.model:
        raise BadRequest("model is missing: name one of the models that this server runs")
    return message.model


def source_from(message: types_pb2.Source) -> records.Source:
    """A place where bytes were seen."""
    return records.Source(message.path, micros_from(message, "modify_time"), message.size_bytes)


def sighting_from(message: image_service_pb2.Sighting) -> records.Sighting:
    """Where an image was seen, of which only the path is read."""
    return records.Sighting(message.image_id, records.Source(message.source.path))


def micros_from(message: Message, field: str) -> int | None:
    """A moment in microseconds since 1970; None when the field is absent."""
    if not message.HasField(field):
        return None
    moment: Timestamp = getattr(message, field)
    micros = moment.seconds * 1_000_000 + moment.nanos // 1000
    if not (0 <= moment.nanos < 1_000_000_000 and records.EARLIEST <= micros <= records.LATEST):
        raise BadRequest(f"{field} is no time between the years 1 and 9999")
    return micros


def required(message: Message, field: str) -> Any:
    """The sub-message, which must be there."""
    if not message.HasField(field):
        raise BadRequest(f"{field} is missing")
    return getattr(message, field)


def check_mask(paths: Iterable[str], only: str) -> None:
    """Refuse a mask that names anything but the one field that can change."""
    if any(path != only for path in paths):
        raise BadRequest(f"update_mask may name only {only!r}, not {', '.join(paths)}")


# ---- to the wire ----


def search_to(found: records.Matches, timings: stages.Timings) -> search_service_pb2.SearchResponse:
    """The answer to a search."""
    return search_service_pb2.SearchResponse(
        matches=[match_to(match) for match in found.matches],
        model_id=found.model_id,
        generation=found.generation,
        exact=found.exact,
        timings=timings_to(timings),
        query_scenes=scenes_to(found.query_scenes),
        measured_recall=found.measured_recall,
        more_within=found.more_within,
    )


def match_to(match: records.Match) -> search_service_pb2.Match:
    """One match."""
    message = search_service_pb2.Match(
        rank=match.rank,
        distance=match.distance,
        score=match.score,
        image=image_to(match.image),
        scene_agreement=match.agreement,
        similar=[match_to(each) for each in match.similar],
        turned=match.turn.degrees,
        mirrored=match.turn.mirrored,
    )
    if match.vector is not None:
        message.embedding.CopyFrom(vector_to(match.vector))
    return message


def page_to(
    images: Sequence[records.Image], token: str, vectors: Sequence[records.Vector]
) -> image_service_pb2.ListImagesResponse:
    """A page of images, and their embeddings where they were asked for."""
    return image_service_pb2.ListImagesResponse(
        images=map(image_to, images), next_page_token=token, embeddings=map(vector_to, vectors)
    )


def image_to(image: records.Image) -> types_pb2.Image:
    """An image's record."""
    return types_pb2.Image(
        id=image.id,
        collection=image.collection,
        sources=[source_to(source) for source in image.sources],
        labels=image.labels,
        width=image.width,
        height=image.height,
        size_bytes=image.size_bytes,
        format=image.format,
        capture_time=time_to(image.captured),
        create_time=time_to(image.created),
        update_time=time_to(image.updated),
        scenes=scenes_to(image.scenes),
        location=location_to(image.location),
    )


def location_to(location: records.Location | None) -> types_pb2.Location | None:
    """A place on Earth, or nothing."""
    if location is None:
        return None
    return types_pb2.Location(latitude=location.latitude, longitude=location.longitude)


def scenes_to(scenes: Iterable[records.Scene]) -> list[types_pb2.Scene]:
    """Kinds of place."""
    return [types_pb2.Scene(name=scene.name, probability=scene.probability) for scene in scenes]


def source_to(source: records.Source) -> types_pb2.Source:
    """A place where bytes were seen."""
    return types_pb2.Source(path=source.path, modify_time=time_to(source.modified), size_bytes=source.size_bytes)


def sighting_to(sighting: records.Sighting) -> image_service_pb2.Sighting:
    """An image and a place where it was seen."""
    return image_service_pb2.Sighting(image_id=sighting.image_id, source=source_to(sighting.source))


def collection_to(collection: records.Collection) -> collection_service_pb2.Collection:
    """A collection."""
    return collection_service_pb2.Collection(
        name=collection.name,
        description=collection.description,
        model_id=collection.model_id,
        dim=collection.dim,
        image_count=collection.image_count,
        generation=collection.generation,
        create_time=time_to(collection.created),
        update_time=time_to(collection.updated),
    )


def info_to(info: ServerInfo) -> search_service_pb2.GetServerInfoResponse:
    """What the server is."""
    return search_service_pb2.GetServerInfoResponse(
        version=info.version,
        models=[search_service_pb2.ModelInfo(**asdict(model)) for model in info.models],
        limits=search_service_pb2.Limits(
            max_image_bytes=info.settings.max_image_bytes,
            max_image_pixels=info.settings.max_image_pixels,
            max_limit=limits.MAX_LIMIT,
            max_page_size=limits.MAX_PAGE_SIZE,
            max_ids=limits.MAX_IDS,
            formats=readable(),
        ),
        versions=info.versions,
        ready=info.ready,
        indexes=[index_to(index) for index in info.indexes],
    )


def index_to(index: records.IndexState) -> search_service_pb2.IndexInfo:
    """How a collection is searched."""
    return search_service_pb2.IndexInfo(
        collection=index.collection,
        image_count=index.image_count,
        indexed_count=index.indexed_count,
        effort=index.effort,
        recall_target=index.recall_target,
        measured_recall=index.measured_recall,
        sample_size=index.sample_size,
        measure_time=time_to(index.measured),
    )


def vector_to(vector: records.Vector) -> types_pb2.Vector:
    """An embedding as little-endian float32 bytes."""
    return types_pb2.Vector(float32_le=vector.astype("<f4", copy=False).tobytes())


def timings_to(timings: stages.Timings) -> types_pb2.Timings:
    """Where the time went."""
    return types_pb2.Timings(**{f"{stage}_seconds": seconds for stage, seconds in timings.as_dict().items()})


def time_to(micros: int | None) -> Timestamp | None:
    """A moment, or nothing."""
    if micros is None:
        return None
    seconds, rest = divmod(micros, 1_000_000)
    return Timestamp(seconds=seconds, nanos=rest * 1000)
