"""Reads everything that a server holds, and asks it for what it must find and must not."""

from collections.abc import Iterator
from typing import Any

from tests.crash.callers import MODELS, TIMEOUT, picture_of
from tests.crash.ledger import STAGED, Key, Ledger, facts
from tests.rpc.conftest import Doors

from lookalike.v1 import collection_service_pb2 as collections
from lookalike.v1 import image_service_pb2 as images
from lookalike.v1 import search_service_pb2 as search
from lookalike.v1 import types_pb2 as types

PAGE = 500
ASKED = 20
"""Images of each collection that are searched for, of those that came last, and as many of those that went last."""


def faults(target: str, ledger: Ledger) -> list[str]:
    """How a server differs from what its callers were told, a sentence each; settles the ledger."""
    doors = Doors(target)
    with doors.channel:
        found = [*miscounted(doors), *ledger.settle(held(doors))]
        return [*found, *unfound(doors, ledger), *returned(doors, ledger)]


def held(doors: Doors) -> dict[Key, str]:
    """All that there is, under the ledger's keys."""
    found: dict[Key, str] = {}
    for collection in listed(doors):
        found[(collection.name,)] = collection.model_id
        for image in pages(doors, collection.name):
            found[(collection.name, image.id)] = facts(image.labels, [source.path for source in image.sources])
        model = MODELS[collection.model_id]
        lacking = {image.id for image in pages(doors, collection.name, not_embedded_by=model)}
        ids = [key[1] for key in found if len(key) == 2 and key[0] == collection.name]
        found |= {(collection.name, image_id, model): STAGED for image_id in ids if image_id not in lacking}
    return found


def listed(doors: Doors) -> list[Any]:
    """The collections."""
    answer = doors.collections.ListCollections(collections.ListCollectionsRequest(), timeout=TIMEOUT)
    return list(answer.collections)


def pages(doors: Doors, collection: str, not_embedded_by: str = "") -> Iterator[Any]:
    """The images of a collection."""
    token = ""
    while True:
        request = images.ListImagesRequest(
            collection=collection, page_size=PAGE, page_token=token, not_embedded_by=not_embedded_by
        )
        answer = doors.images.ListImages(request, timeout=TIMEOUT)
        yield from answer.images
        if not (token := answer.next_page_token):
            return


def miscounted(doors: Doors) -> list[str]:
    """Collections that say another number of images than they list."""
    counts = [(one.name, one.image_count, sum(1 for _ in pages(doors, one.name))) for one in listed(doors)]
    return [f"{name} counts {count} images and lists {there}" for name, count, there in counts if count != there]


def unfound(doors: Doors, ledger: Ledger) -> list[str]:
    """Images that are held and that a search by their own picture does not find first, at no distance."""
    wrong = []
    for collection in listed(doors):
        for image_id in ledger.images(collection.name)[-ASKED:]:
            for exact in (True, False):
                best = nearest(doors, collection.name, ledger.seeds[image_id], exact=exact, limit=1)
                if [(match.image.id, match.distance) for match in best] != [(image_id, 0)]:
                    wrong.append(f"{collection.name} does not find {image_id} (exact={exact}): {best}")
    return wrong


def returned(doors: Doors, ledger: Ledger) -> list[str]:
    """Images that were deleted and are found all the same."""
    there = {collection.name for collection in listed(doors)}
    wrong = []
    for name, image_id in [key for key in ledger.deleted if key[0] in there][-ASKED:]:
        for exact in (True, False):
            matches = nearest(doors, name, ledger.seeds[image_id], exact=exact, limit=20)
            if image_id in {match.image.id for match in matches}:
                wrong.append(f"{name} finds {image_id} (exact={exact}), which was deleted")
    return wrong


def nearest(doors: Doors, collection: str, seed: int, *, exact: bool, limit: int) -> list[Any]:
    """The matches of a picture."""
    picture = types.Picture(content=picture_of(seed)[1])
    request = search.SearchRequest(collection=collection, picture=picture, exact=exact, limit=limit)
    return list(doors.search.Search(request, timeout=TIMEOUT).matches)
