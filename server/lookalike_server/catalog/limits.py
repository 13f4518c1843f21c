"""What users may write: the numbers and shapes that the protos promise, checked in one place.

Each check passes in silence or raises BadRequest (BadFilter for filters) with a sentence that names the limit.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from lookalike_server.errors import BadFilter, BadRequest
from lookalike_server.records import Arrival, Box, Content, Filter, Location, Scene, Sighting, Source

MAX_IDS = 10_000
MAX_PAGE_SIZE = 1_000
DEFAULT_PAGE_SIZE = 100
MAX_LIMIT = 1_000
DEFAULT_LIMIT = 10
MAX_LABELS = 64
MAX_LABEL_KEY = 63
MAX_LABEL_VALUE = 1_000
MAX_PATH = 4_096
MAX_SOURCES = 1_000
MAX_DESCRIPTION = 1_000
MAX_SCENES = 5
MAX_SCENE_NAME = 255
MAX_SCENES_NAMED = 1_000
MAX_WEIGHT = 2
MAX_FILTERS = 64
MAX_FILTER_DEPTH = 8
MAX_FILTER_LABELS = 256
MAX_FILTER_NAMES = 40_000
MAX_FORMAT = 32
MAX_SIZE_BYTES = 2**63 - 1
MAX_GROUP_DISTANCE = 2

_ID = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def check_name(name: str) -> None:
    """A collection's name."""
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "a collection's name has 1 to 63 characters: letters, digits, '.', '_' and '-', "
            f"the first a letter or digit; {_short(name)} is none"
        )


def check_description(description: str) -> None:
    """A collection's description."""
    _check_text("a description", description, MAX_DESCRIPTION)


def check_id(image_id: str) -> None:
    """An image's id."""
    if not _ID.fullmatch(image_id):
        raise BadRequest(f"an image id has 64 lower-case hexadecimal digits; {_short(image_id)} has not")


def check_ids(ids: Collection[str]) -> None:
    """Ids of one call."""
    if len(ids) > MAX_IDS:
        raise BadRequest(f"at most {MAX_IDS} image ids in one call, not {len(ids)}: ask in several")
    for image_id in ids:
        check_id(image_id)


def check_sightings(sightings: Collection[Sighting]) -> None:
    """Sightings of one call, of which only the paths are read: one that no image has is none to check."""
    if not sightings:
        raise BadRequest("name at least one sighting to take back")
    check_ids([sighting.image_id for sighting in sightings])


def check_prefix(prefix: str) -> None:
    """What paths begin with."""
    _check_text("a path prefix", prefix, MAX_PATH)


def check_labels(labels: Mapping[str, str]) -> None:
    """All labels that one image bears."""
    if len(labels) > MAX_LABELS:
        raise BadRequest(f"an image bears at most {MAX_LABELS} labels, not {len(labels)}")
    for key, value in labels.items():
        if not key:
            raise BadRequest("a label's key has at least 1 character")
        _check_text("a label's key", key, MAX_LABEL_KEY)
        _check_text("a label's value", value, MAX_LABEL_VALUE)


def check_source(source: Source) -> None:
    """A place where an image was seen."""
    if not source.path:
        raise BadRequest("a source's path has at least 1 character; leave the source out if there is none")
    _check_text("a source's path", source.path, MAX_PATH)
    if not 0 <= source.size_bytes <= MAX_SIZE_BYTES:
        raise BadRequest(f"a file's size runs from 0 to {MAX_SIZE_BYTES} bytes; {source.size_bytes} does not")


def check_arrival(arrival: Arrival) -> None:
    """All that a user wrote of an arrival."""
    check_id(arrival.image_id)
    check_labels(arrival.labels)
    if arrival.source is not None:
        check_source(arrival.source)
    if arrival.content is not None:
        check_content(arrival.content)


def check_content(content: Content) -> None:
    """What was told of a picture, by a model here or by whoever brought it over."""
    if not 0 <= content.size_bytes <= MAX_SIZE_BYTES:
        raise BadRequest(f"a picture's size runs from 0 to {MAX_SIZE_BYTES} bytes; {content.size_bytes} does not")
    _check_text("a picture's format", content.format, MAX_FORMAT)
    if content.location is not None:
        check_location(content.location)
    check_scenes(content.scenes)


def check_location(location: Location) -> None:
    """A place on Earth."""
    if not -90 <= location.latitude <= 90:
        raise BadRequest(f"a latitude runs from -90 to 90 degrees; {location.latitude} does not")
    if not -180 <= location.longitude <= 180:
        raise BadRequest(f"a longitude runs from -180 to 180 degrees; {location.longitude} does not")


def check_scenes(scenes: Sequence[Scene]) -> None:
    """What one image shows."""
    if len(scenes) > MAX_SCENES:
        raise BadRequest(f"an image has at most {MAX_SCENES} scenes, the most likely, not {len(scenes)}")
    if len({scene.name for scene in scenes}) < len(scenes):
        raise BadRequest("an image's scenes have names of their own; here one comes twice")
    for scene in scenes:
        if not scene.name:
            raise BadRequest("a scene's name has at least 1 character; leave scenes out where none is known")
        _check_text("a scene's name", scene.name, MAX_SCENE_NAME)
        if not 0 <= scene.probability <= 1:
            raise BadRequest(f"a scene's probability runs from 0 to 1; {scene.probability} does not")
    if any(one.probability < next_.probability for one, next_ in pairwise(scenes)):
        raise BadRequest("an image's scenes come most likely first")


def check_filter(wanted: Filter) -> None:
    """A filter with all those within it; whatever is wrong with it is BadFilter."""
    parts = _flattened(wanted, MAX_FILTER_DEPTH)
    try:
        for part in parts:
            _check_conditions(part)
    except BadRequest as error:
        raise BadFilter(f"in the filter: {error}") from error
    labels = sum(len(part.labels) for part in parts)
    if labels > MAX_FILTER_LABELS:
        raise BadFilter(f"a filter has at most {MAX_FILTER_LABELS} labels with all those within it, not {labels}")
    names = sum(len(part.ids) + len(part.not_ids) + len(part.paths) + len(part.scenes or ()) for part in parts)
    if names > MAX_FILTER_NAMES:
        raise BadFilter(
            f"a filter names at most {MAX_FILTER_NAMES} ids, paths and scenes with all those within it, not {names}"
        )


def _flattened(wanted: Filter, levels: int) -> list[Filter]:
    """A filter and all those within it."""
    if not levels:
        raise BadFilter(f"filters lie within filters at most {MAX_FILTER_DEPTH} levels deep: flatten this one")
    parts = [wanted]
    for inner in (*wanted.all_of, *wanted.any_of, *wanted.none_of):
        parts += _flattened(inner, levels - 1)
        if len(parts) > MAX_FILTERS:
            raise BadFilter(f"a filter is at most {MAX_FILTERS} filters in all: ask in several searches")
    return parts


def _check_conditions(wanted: Filter) -> None:
    check_labels(wanted.labels)
    check_ids(wanted.ids)
    check_ids(wanted.not_ids)
    check_prefix(wanted.path_prefix)
    _check_scene_names(wanted.scenes or ())
    _check_paths(wanted.paths)
    start, end = wanted.captured_from, wanted.captured_before
    if start is not None and end is not None and start >= end:
        raise BadRequest("the capture time's start must lie before its end")
    if wanted.box is not None:
        _check_box(wanted.box)


def _check_paths(paths: Collection[str]) -> None:
    if len(paths) > MAX_IDS:
        raise BadRequest(f"at most {MAX_IDS} source paths in one call, not {len(paths)}: ask in several")
    for path in paths:
        _check_text("a source's path", path, MAX_PATH)


def _check_box(box: Box) -> None:
    check_location(Location(box.south, box.west))
    check_location(Location(box.north, box.east))
    if box.south > box.north:
        raise BadRequest(f"a box's south, {box.south}, must not lie north of its north, {box.north}")


def check_preference(scenes: Collection[str], weight: float) -> None:
    """Scenes to rank higher, and how much."""
    _check_scene_names(scenes)
    if not 0 <= weight <= MAX_WEIGHT:
        raise BadRequest(f"a preference's weight runs from 0 to {MAX_WEIGHT}; {weight} does not")


def check_page_size(page_size: int) -> None:
    """Items on one page."""
    if not 1 <= page_size <= MAX_PAGE_SIZE:
        raise BadRequest(f"page_size runs from 1 to {MAX_PAGE_SIZE}; {page_size} does not")


def check_limit(limit: int) -> None:
    """Matches of one search."""
    if not 1 <= limit <= MAX_LIMIT:
        raise BadRequest(f"limit runs from 1 to {MAX_LIMIT}; {limit} does not")


def check_max_distance(max_distance: float | None) -> None:
    """The bound on distances; None is no bound."""
    if max_distance is not None and (math.isnan(max_distance) or max_distance < 0):
        raise BadRequest(f"max_distance is a number from 0 up, not {max_distance}")


def check_radius(radius: float) -> None:
    """How far apart near-duplicates may be."""
    if not 0 <= radius <= 2:
        raise BadRequest(f"max_distance of duplicates runs from 0 to 2; {radius} does not")


def check_group_distance(group_distance: float | None) -> None:
    """How near near-duplicates lie; None is no grouping."""
    if group_distance is not None and not 0 <= group_distance <= MAX_GROUP_DISTANCE:
        raise BadRequest(f"group_distance runs from 0 to {MAX_GROUP_DISTANCE}; {group_distance} does not")


def _check_scene_names(names: Collection[str]) -> None:
    if len(names) > MAX_SCENES_NAMED:
        raise BadRequest(f"at most {MAX_SCENES_NAMED} scenes in one call, not {len(names)}")
    for name in names:
        _check_text("a scene's name", name, MAX_SCENE_NAME)


def _check_text(what: str, text: str, most: int) -> None:
    if len(text) > most:
        raise BadRequest(f"{what} has at most {most} characters, not {len(text)}")
    # Neither can be stored as UTF-8 text that every reader of the database sees whole.
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadRequest(f"{what} holds a NUL or half a surrogate pair: {_short(text)}")


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:80] + "...")
