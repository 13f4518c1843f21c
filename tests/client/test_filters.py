"""Filters by place and path, and filters of filters, with both clients against a real server."""

from collections.abc import Iterator
from typing import Any

import pytest
from PIL import ExifTags, Image
from tests.client.faces import Connect
from tests.pictures import encoded, picture

from lookalike import Client, Filter, GeoBox, ImportItem, errors
from lookalike_server.testing import serve

PLACES: dict[str, tuple[Any, Any, Any, Any] | None] = {
    "lisbon": ("N", (38, 43, 20.28), "W", (9, 8, 21.48)),
    "porto": ("N", (41, 9, 0), "W", (8, 37, 48)),
    "sydney": ("S", (33, 51, 25.2), "E", (151, 12, 36)),
    "taveuni": ("S", (16, 51, 0), "W", (179, 58, 12)),
    "unknown": None,
}
IBERIA, FIJI = GeoBox(36, -10, 44, 4), GeoBox(-20, 176, -12, -178)


def taken(seed: int, place: tuple[Any, Any, Any, Any] | None) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "a camera"
    if place is not None:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(dict(enumerate(place, ExifTags.GPS.GPSLatitudeRef)))
    return encoded(picture(seed), "JPEG", exif=exif)


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    """A server whose one collection has a picture of each place, named by it."""
    with serve() as address, Client(address) as looks:
        items = [
            ImportItem(taken(seed, place), f"/{'far' if name == 'sydney' else 'near'}/{name}.jpg", {"name": name})
            for seed, (name, place) in enumerate(PLACES.items())
        ]
        assert {each.error for each in looks.import_images(items)} == {None}
        yield address


@pytest.fixture
def looks(connect: Connect, target: str) -> Client:
    return connect(target)


def named(looks: Client, wanted: Filter) -> set[str]:
    """What a filter admits: the same from a search and from a listing."""
    found = {match.image.labels["name"] for match in looks.search(taken(0, None), filter=wanted, limit=100)}
    assert found == {image.labels["name"] for image in looks.images(filter=wanted)}
    return found


def test_a_record_tells_where_the_picture_was_taken(looks: Client) -> None:
    places = {image.labels["name"]: image.location for image in looks.images()}
    assert places["unknown"] is None
    sydney = places["sydney"]
    assert sydney is not None
    assert (sydney.latitude, sydney.longitude) == pytest.approx((-33.857, 151.21), abs=1e-9)


def test_a_box_admits_what_was_taken_in_it(looks: Client) -> None:
    assert named(looks, Filter(box=IBERIA)) == {"lisbon", "porto"}
    assert named(looks, Filter(box=FIJI)) == {"taveuni"}
    assert named(looks, Filter(box=GeoBox(-90, -180, 90, 180))) == set(PLACES) - {"unknown"}


@pytest.mark.parametrize(
    ("around", "box"),
    [
        ((0, 0, 111.195), (-1, -1, 1, 1)),
        ((60, 10, 111.195), (59, 7.9995, 61, 12.0005)),
        ((0, 179.5, 111.195), (-1, 178.5, 1, -179.5)),
        ((0, -179.5, 111.195), (-1, 179.5, 1, -178.5)),
        ((-89.5, 30, 111.195), (-90, -180, -88.5, 180)),
        ((0, 0, 30_000), (-90, -180, 90, 180)),
    ],
)
def test_a_box_lies_around_a_place(around: tuple[float, ...], box: tuple[float, ...]) -> None:
    made = GeoBox.around(*around)
    assert (made.south, made.west, made.north, made.east) == pytest.approx(box, abs=1e-3)


def test_what_is_near_lies_in_the_box_around(looks: Client) -> None:
    assert named(looks, Filter(box=GeoBox.around(38.7, -9.1, 10))) == {"lisbon"}
    assert named(looks, Filter(box=GeoBox.around(38.7, -9.1, 400))) == {"lisbon", "porto"}
    for bad in ((38.7, -9.1, -1), (60, 0, -10_000), (200, 0, 1), (float("nan"), 0, 1), (0, float("inf"), 1)):
        with pytest.raises(errors.BadFilter):
            GeoBox.around(*bad)


def test_paths_are_named_whole(looks: Client) -> None:
    assert named(looks, Filter(source_paths=["/near/porto.jpg", "/far", "/far/sydney.jpg"])) == {"porto", "sydney"}
    assert named(looks, Filter(source_paths="/near/porto.jpg")) == {"porto"}


def test_filters_are_combined(looks: Client) -> None:
    near, lisbon = Filter(path_prefix="/near/"), Filter(labels={"name": "lisbon"})
    assert named(looks, Filter(all_of=[near, Filter(box=IBERIA)], none_of=[lisbon])) == {"porto"}
    assert named(looks, Filter(any_of=[Filter(box=FIJI), lisbon])) == {"taveuni", "lisbon"}
    assert named(looks, near & Filter(box=IBERIA) & ~lisbon) == {"porto"}
    assert named(looks, Filter(box=FIJI) | lisbon) == {"taveuni", "lisbon"}
    assert named(looks, ~(near | lisbon)) == {"sydney"}
    assert named(looks, ~Filter()) == set()


def test_operators_make_flat_filters() -> None:
    some = [Filter(labels={"n": str(number)}) for number in range(100)]
    assert some[0] & some[1] & some[2] == Filter(all_of=tuple(some[:3]))
    assert some[0] | some[1] | some[2] == Filter(any_of=tuple(some[:3]))
    assert (some[0] | some[1]) & some[2] == Filter(all_of=(Filter(any_of=tuple(some[:2])), some[2]))
    assert some[0] & Filter() == Filter(all_of=(some[0],))
    relative = Filter(not_same_folder=True, path_prefix="/a/") & (Filter(same_scene=True) & some[0])
    assert relative == Filter(not_same_folder=True, same_scene=True, all_of=(Filter(path_prefix="/a/"), some[0])), (
        "conditions relative to the query are for the top only"
    )
    assert ~some[0] == Filter(none_of=(some[0],))
    narrow = Filter(path_prefix="/a/", any_of=some[:2])
    assert narrow | some[2] == Filter(any_of=(narrow, some[2])), "what holds besides its any_of is not lost"
    assert hash(some[0] & some[1]) == hash(some[0] & some[1])


def denied(levels: int) -> Filter:
    return ~denied(levels - 1) if levels else Filter()


REFUSED = [
    *map(denied, (8, 50, 150, 400)),
    Filter(box=GeoBox(1, 0, 0, 0)),
    Filter(box=GeoBox(0, 0, 91, 0)),
    Filter(any_of=[Filter(same_scene=True)]),
    ~Filter(not_same_folder=True),
    Filter(any_of=[Filter()] * 64),
]


@pytest.mark.parametrize("wanted", REFUSED, ids=range(len(REFUSED)))
def test_what_no_filter_can_be_is_refused(looks: Client, wanted: Filter) -> None:
    with pytest.raises(errors.BadFilter):
        looks.search(taken(0, None), filter=wanted)
