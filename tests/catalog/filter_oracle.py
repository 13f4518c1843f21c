"""What a filter means, told once more in plain Python, and filters and images by lot to compare with."""

from hypothesis import strategies as st
from tests.catalog.catalog_makers import arrival, image_id

from lookalike_server.records import Arrival, Box, Filter, Image, Location

LABELS = st.dictionaries(st.sampled_from("kl"), st.sampled_from("xy"), max_size=2)
PATHS = st.sampled_from(["/a/1", "/a/2", "/ab", "/b/%", "/b/1", "q"])
TIMES = st.integers(0, 5)
SCENES = st.sampled_from(["pier", "beach", ""])
LATITUDES = st.sampled_from([-90.0, -45.5, 0.0, 45.5, 90.0])
LONGITUDES = st.sampled_from([-180.0, -179.5, -10.0, 0.0, 10.0, 179.5, 180.0])
IDS = st.frozensets(st.integers(0, 12).map(image_id), max_size=4)


def boxes() -> st.SearchStrategy[Box]:
    return st.builds(
        lambda parallels, west, east: Box(min(parallels), west, max(parallels), east),
        st.tuples(LATITUDES, LATITUDES),
        LONGITUDES,
        LONGITUDES,
    )


def conditions(**nested: st.SearchStrategy[tuple[Filter, ...]]) -> st.SearchStrategy[Filter]:
    """Filters of few conditions: of many no image would be left."""
    single = {
        "labels": LABELS,
        "path_prefix": st.sampled_from(["/a", "/a/", "/b/%", "q", "/"]),
        "captured_from": TIMES,
        "captured_before": TIMES,
        "ids": IDS,
        "not_ids": IDS,
        "not_folders": st.frozensets(st.sampled_from(["/a/", "/b/", "/", ""]), max_size=2),
        "scenes": st.frozensets(SCENES, min_size=1, max_size=2),
        "not_paths": st.frozensets(PATHS, max_size=2),
        "box": boxes(),
        "paths": st.frozensets(PATHS, min_size=1, max_size=2),
    }
    few = st.sets(st.sampled_from(sorted(single)), max_size=2)
    return few.flatmap(lambda names: st.builds(Filter, **{name: single[name] for name in names}, **nested))


def trees() -> st.SearchStrategy[Filter]:
    """Filters of filters."""

    def around(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        some = st.lists(inner, max_size=2).map(tuple)
        return conditions(all_of=some, any_of=some, none_of=some)

    return st.recursive(conditions(), around, max_leaves=6)


def places() -> st.SearchStrategy[Location | None]:
    return st.none() | st.builds(Location, LATITUDES, LONGITUDES)


def arrivals() -> st.SearchStrategy[list[Arrival]]:
    """Up to nine images, by their numbers from 0."""
    facts = st.tuples(st.just("") | PATHS, LABELS, st.none() | TIMES, SCENES, places())
    return st.lists(facts, max_size=9).map(
        lambda some: [
            arrival(
                number, path=path, labels=labels, captured=taken, scenes={scene: 0.5} if scene else None, location=at
            )
            for number, (path, labels, taken, scene, at) in enumerate(some)
        ]
    )


def admits(wanted: Filter, image: Image) -> bool:
    """Whether a filter admits an image."""
    first = image.scenes[0].name if image.scenes else ""
    paths = {source.path for source in image.sources}
    taken = image.captured
    return (
        all(image.labels.get(key) == value for key, value in wanted.labels.items())
        and (not wanted.path_prefix or any(path.startswith(wanted.path_prefix) for path in paths))
        and (wanted.captured_from is None or (taken is not None and taken >= wanted.captured_from))
        and (wanted.captured_before is None or (taken is not None and taken < wanted.captured_before))
        and (not wanted.ids or image.id in wanted.ids)
        and image.id not in wanted.not_ids
        and not any(source.folder in wanted.not_folders for source in image.sources)
        and (wanted.scenes is None or first in wanted.scenes)
        and not paths & wanted.not_paths
        and (wanted.box is None or within(wanted.box, image.location))
        and (not wanted.paths or bool(paths & wanted.paths))
        and all(admits(each, image) for each in wanted.all_of)
        and (not wanted.any_of or any(admits(each, image) for each in wanted.any_of))
        and not any(admits(each, image) for each in wanted.none_of)
    )


def within(box: Box, place: Location | None) -> bool:
    """Whether a place lies in a box: eastwards from its western edge, as far as it is wide."""
    if place is None or not box.south <= place.latitude <= box.north:
        return False
    width = 360 if (box.west, box.east) == (-180, 180) else (box.east - box.west) % 360
    return abs(place.latitude) == 90 or (place.longitude - box.west) % 360 <= width
