"""Every unary call of the SDK without its I/O: which rpc and request, how long it may take, how to read the answer.

Both clients send these; what they share is here, and what they do not is only how they wait.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Any, Generic, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask

from lookalike import _load_messages, _messages, pictures, types
from lookalike._failures import unsendable
from lookalike.pictures import Picture
from lookalike.v1 import collection_service_pb2 as collections_pb2
from lookalike.v1 import image_service_pb2 as images_pb2
from lookalike.v1 import load_pb2, types_pb2
from lookalike.v1 import search_service_pb2 as search_pb2

Answer = TypeVar("Answer")
Entry = TypeVar("Entry")

IDS_PER_CALL = 1_000
_QUICK, _SLOW, _WHOLE = 30.0, 300.0, 3600.0  # seconds; the last for what rewrites a whole collection


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """One unary call. `seconds` is its deadline where the user sets none.

    A `repeatable` one may be made again though it may have been done: its answer was lost with the connection.
    """

    rpc: str
    request: Any
    read: Callable[[Any], Answer]
    seconds: float = _QUICK
    repeatable: bool = True

    def deadline(self, timeout: float | None) -> float:
        """Seconds that it may take, given what the user says."""
        return self.seconds if timeout is None else timeout


@dataclass(frozen=True, slots=True)
class Page(Generic[Entry]):
    """Some entries of a listing; an empty token marks the last page."""

    entries: list[Entry]
    next_token: str


def server_info() -> Call[types.ServerInfo]:
    """What the server is."""
    return Call("GetServerInfo", search_pb2.GetServerInfoRequest(), _messages.server_info)


def server_load() -> Call[types.ServerLoad]:
    """What the server has done, and what it holds."""
    return Call("GetServerLoad", load_pb2.GetServerLoadRequest(), _load_messages.server_load)


@unsendable()
def embed(picture: Picture, max_bytes: int, region: types.Region | None, model: str) -> Call[types.Embedding]:
    """The embedding of a picture."""
    request = search_pb2.EmbedRequest(picture=_messages.picture(picture, max_bytes, region), model=model)
    return Call("Embed", request, _messages.embedding)


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Where to look and what to give back."""

    collection: str
    limit: int
    region: types.Region | None
    filter: types.Filter | None
    max_distance: float | None
    exact: bool
    include_embeddings: bool
    prefer: types.ScenePreference | None = None
    group_distance: float | None = None
    consistency: types.Consistency | str = types.Consistency.STRONG
    tta: bool = False

    @unsendable()
    def request(self, query: types.Query, max_bytes: int) -> search_pb2.SearchRequest:
        """The request for one query."""
        request = _messages.query(query, max_bytes, self.region)
        request.MergeFrom(
            search_pb2.SearchRequest(
                collection=self.collection,
                limit=_messages.count("limit", self.limit),
                filter=_messages.filter_message(self.filter),
                max_distance=self.max_distance,
                exact=self.exact,
                include_embeddings=self.include_embeddings,
                prefer=_messages.preference(self.prefer),
                group_distance=self.group_distance,
                consistency=_messages.consistency(self.consistency),
                tta=self.tta,
            )
        )
        return request


def search(query: types.Query, max_bytes: int, options: SearchOptions) -> Call[types.SearchResult]:
    """The matches of a query."""
    return Call("Search", options.request(query, max_bytes), _messages.search_result)


@unsendable()
def find_missing(image_ids: Sequence[str], collection: str) -> Call[list[str]]:
    """Those of at most IDS_PER_CALL ids that the collection does not hold."""
    request = images_pb2.FindMissingImagesRequest(collection=collection, image_ids=image_ids)
    return Call("FindMissingImages", request, lambda answer: list(answer.missing_image_ids))


def find_all_missing(image_ids: Sequence[str], collection: str) -> Iterator[Call[list[str]]]:
    """The same for any number of ids, in as many calls as that takes."""
    for start in range(0, len(image_ids), IDS_PER_CALL):
        yield find_missing(image_ids[start : start + IDS_PER_CALL], collection)


@unsendable()
def get_image(image_id: str, collection: str, include_embedding: bool) -> Call[types.Image]:
    """One image's record."""
    request = images_pb2.GetImageRequest(collection=collection, image_id=image_id, include_embedding=include_embedding)
    return Call("GetImage", request, _read_image)


def _read_image(answer: images_pb2.GetImageResponse) -> types.Image:
    return _messages.image(answer.image, answer.embedding if answer.HasField("embedding") else None)


@unsendable()
def list_images(
    collection: str,
    filter_: types.Filter | None,
    page_size: int,
    token: str,
    *,
    not_embedded_by: str,
    include_embeddings: bool,
) -> Call[Page[types.Image]]:
    """A page of images."""
    request = images_pb2.ListImagesRequest(
        collection=collection,
        page_size=_messages.count("page_size", page_size),
        page_token=token,
        filter=_messages.filter_message(filter_),
        not_embedded_by=not_embedded_by,
        include_embeddings=include_embeddings,
    )
    return Call("ListImages", request, _read_images)


def _read_images(answer: images_pb2.ListImagesResponse) -> Page[types.Image]:
    # As many embeddings as images where they were asked for, else none.
    images = [_messages.image(*each) for each in zip_longest(answer.images, answer.embeddings)]
    return Page(images, answer.next_page_token)


@unsendable()
def find_duplicates(
    collection: str, max_distance: float | None, filter_: types.Filter | None
) -> Call[types.DuplicateFinding]:
    """Duplicates over a whole collection; many answers."""
    request = images_pb2.FindDuplicatesRequest(
        collection=collection, max_distance=max_distance, filter=_messages.filter_message(filter_)
    )
    return Call("FindDuplicates", request, _messages.duplicate_finding)


@unsendable()
def update_image(image_id: str, collection: str, labels: Mapping[str, str]) -> Call[types.Image]:
    """New labels for an image."""
    request = images_pb2.UpdateImageRequest(
        image=types_pb2.Image(id=image_id, collection=collection, labels=labels),
        update_mask=FieldMask(paths=["labels"]),
    )
    return Call("UpdateImage", request, lambda answer: _messages.image(answer.image))


@unsendable()
def delete_images(image_ids: str | Sequence[str], collection: str, allow_missing: bool) -> Call[int]:
    """Images that go."""
    request = images_pb2.DeleteImagesRequest(
        collection=collection, image_ids=_messages.ids(image_ids), allow_missing=allow_missing
    )
    return Call("DeleteImages", request, lambda answer: int(answer.deleted_count), _SLOW, repeatable=False)


@unsendable()
def list_sources(collection: str, path_prefix: str, page_size: int, token: str) -> Call[Page[types.Sighting]]:
    """A page of sightings."""
    request = images_pb2.ListSourcesRequest(
        collection=collection,
        page_size=_messages.count("page_size", page_size),
        page_token=token,
        path_prefix=pictures.utf8(path_prefix),
    )
    return Call(
        "ListSources", request, lambda answer: Page(list(map(_messages.seen, answer.sightings)), answer.next_page_token)
    )


@unsendable()
def remove_sources(
    sightings: Sequence[types.Sighting], collection: str, remove_images: bool
) -> Call[types.SourcesRemoved]:
    """Sightings that are taken back."""
    request = images_pb2.RemoveSourcesRequest(
        collection=collection, sightings=map(_messages.sighting, sightings), remove_images=remove_images
    )
    return Call("RemoveSources", request, _read_removed, _SLOW, repeatable=False)


def _read_removed(answer: images_pb2.RemoveSourcesResponse) -> types.SourcesRemoved:
    return types.SourcesRemoved(answer.removed_source_count, answer.removed_image_count)


def remove_all_sources(
    sightings: Iterable[types.Sighting], collection: str, remove_images: bool
) -> Iterator[Call[types.SourcesRemoved]]:
    """The same for any number of sightings; those of one image stay together, so that the server sees which is last."""
    several: list[types.Sighting] = []
    for _, own in groupby(sorted(sightings, key=_image_of), _image_of):
        if len(several) >= IDS_PER_CALL:
            yield remove_sources(several, collection, remove_images)
            several = []
        several += own
    if several:
        yield remove_sources(several, collection, remove_images)


def _image_of(sighting: types.Sighting) -> str:
    return sighting.image_id


@unsendable()
def get_collection(name: str) -> Call[types.Collection]:
    """One collection."""
    return Call("GetCollection", collections_pb2.GetCollectionRequest(name=name), _read_collection)


@unsendable()
def list_collections(page_size: int, token: str) -> Call[Page[types.Collection]]:
    """A page of collections."""
    request = collections_pb2.ListCollectionsRequest(
        page_size=_messages.count("page_size", page_size), page_token=token
    )
    return Call(
        "ListCollections",
        request,
        lambda answer: Page([_messages.collection(each) for each in answer.collections], answer.next_page_token),
    )


@unsendable()
def create_collection(
    name: str, description: str = "", model: str = "", *, repeatable: bool = False
) -> Call[types.Collection]:
    """A new collection; `repeatable` where one that exists will do."""
    wanted = collections_pb2.Collection(name=name, description=description)
    request = collections_pb2.CreateCollectionRequest(collection=wanted, model=model)
    return Call("CreateCollection", request, _read_collection, repeatable=repeatable)


@unsendable()
def update_collection(name: str, description: str) -> Call[types.Collection]:
    """A new description for a collection."""
    request = collections_pb2.UpdateCollectionRequest(
        collection=collections_pb2.Collection(name=name, description=description),
        update_mask=FieldMask(paths=["description"]),
    )
    return Call("UpdateCollection", request, _read_collection)


@unsendable()
def switch_model(name: str, model: str, drop_missing: bool) -> Call[types.Collection]:
    """Another model for a collection."""
    request = collections_pb2.SwitchModelRequest(name=name, model=model, drop_missing=drop_missing)
    return Call("SwitchModel", request, _read_collection, _WHOLE, repeatable=False)


@unsendable()
def delete_collection(name: str) -> Call[int]:
    """A collection that goes."""
    request = collections_pb2.DeleteCollectionRequest(name=name)
    return Call("DeleteCollection", request, lambda answer: int(answer.deleted_image_count), _SLOW, repeatable=False)


def _read_collection(answer: Any) -> types.Collection:
    return _messages.collection(answer.collection)
