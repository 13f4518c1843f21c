from collections.abc import Callable
from typing import Any

import pytest

from lookalike_server.catalog import limits
from lookalike_server.errors import BadFilter, BadRequest
from lookalike_server.records import Arrival, Box, Filter, Location, Scene, Source

ID = "0a" * 32

GOOD: list[tuple[Callable[[Any], None], Any]] = [
    (limits.check_name, "a"),
    (limits.check_name, "0.b_C-" + "x" * 57),
    (limits.check_description, "ü" * 1_000),
    (limits.check_id, ID),
    (limits.check_ids, [ID] * 10_000),
    (limits.check_labels, {str(n): "v" * 1_000 for n in range(64)}),
    (limits.check_labels, {"k" * 63: ""}),
    (limits.check_source, Source("p" * 4_096)),
    (limits.check_scenes, [Scene("s" * 255, 1.0), *(Scene(str(number), 0.0) for number in range(4))]),
    (limits.check_scenes, [Scene("pier", 0.3), Scene("beach", 0.3)]),
    (limits.check_location, Location(90, 180)),
    (limits.check_location, Location(-90, -180)),
    (limits.check_page_size, 1_000),
    (limits.check_limit, 1_000),
    (limits.check_max_distance, 0.0),
    (limits.check_max_distance, None),
    (limits.check_filter, Filter(captured_from=1, captured_before=2, path_prefix="p" * 4_096)),
]

BAD: list[tuple[Callable[[Any], None], Any]] = [
    (limits.check_name, ""),
    (limits.check_name, "x" * 64),
    (limits.check_name, ".hidden"),
    (limits.check_name, "a/b"),
    (limits.check_name, "a\n"),
    (limits.check_name, "ärger"),
    (limits.check_description, "d" * 1_001),
    (limits.check_description, "half \ud800"),
    (limits.check_id, ID.upper()),
    (limits.check_id, ID[:-1]),
    (limits.check_id, ID + "\n"),
    (limits.check_ids, [ID] * 10_001),
    (limits.check_ids, ["x"]),
    (limits.check_labels, {str(n): "" for n in range(65)}),
    (limits.check_labels, {"": "v"}),
    (limits.check_labels, {"k" * 64: "v"}),
    (limits.check_labels, {"k": "v" * 1_001}),
    (limits.check_labels, {"k": "nul\0"}),
    (limits.check_source, Source("")),
    (limits.check_source, Source("p" * 4_097)),
    (limits.check_arrival, Arrival("c", "no id", None)),
    (limits.check_arrival, Arrival("c", ID, None, Source(""))),
    (limits.check_scenes, [Scene(str(number), 0.1) for number in range(6)]),
    (limits.check_scenes, [Scene("", 0.1)]),
    (limits.check_scenes, [Scene("s" * 256, 0.1)]),
    (limits.check_scenes, [Scene("nul\0", 0.1)]),
    (limits.check_scenes, [Scene("pier", -0.1)]),
    (limits.check_scenes, [Scene("pier", 1.1)]),
    (limits.check_scenes, [Scene("pier", float("nan"))]),
    (limits.check_scenes, [Scene("pier", 0.1), Scene("beach", 0.2)]),
    (limits.check_scenes, [Scene("pier", 0.1), Scene("pier", 0.1)]),
    (limits.check_location, Location(90.001, 0)),
    (limits.check_location, Location(0, -180.001)),
    (limits.check_location, Location(float("nan"), 0)),
    (limits.check_location, Location(0, float("nan"))),
    (limits.check_page_size, 0),
    (limits.check_page_size, 1_001),
    (limits.check_limit, 0),
    (limits.check_limit, 1_001),
    (limits.check_max_distance, -0.1),
    (limits.check_max_distance, float("nan")),
]

PATHS = frozenset(map(str, range(10_000)))
IDS = frozenset(f"{number:064x}" for number in range(10_000))


def nested(levels: int) -> Filter:
    wanted = Filter()
    for _ in range(levels - 1):
        wanted = Filter(none_of=(wanted,))
    return wanted


def labelled(first: int, count: int) -> Filter:
    return Filter(labels={str(number): "" for number in range(first, first + count)})


GOOD_FILTERS = [
    Filter(box=Box(-90, -180, 90, 180)),
    Filter(box=Box(0, 170, 0, -170)),
    Filter(paths=PATHS),
    nested(8),
    Filter(any_of=(Filter(),) * 63),
    Filter(any_of=tuple(labelled(first, 64) for first in range(4))),
    Filter(ids=IDS, not_ids=IDS, paths=PATHS, any_of=(Filter(ids=IDS),)),
]

BAD_FILTERS = [
    Filter(box=Box(1, 0, 0, 0)),
    Filter(box=Box(-90.1, 0, 0, 0)),
    Filter(box=Box(0, -180.1, 0, 0)),
    Filter(box=Box(0, 0, 90.1, 0)),
    Filter(box=Box(0, 0, 0, 180.1)),
    *(Filter(box=Box(*(float("nan") if at == place else 0 for at in range(4)))) for place in range(4)),
    Filter(paths=PATHS | {"one more"}),
    Filter(paths=frozenset(["p" * 4_097])),
    Filter(paths=frozenset(["nul\0"])),
    nested(9),
    Filter(any_of=(Filter(),) * 64),
    Filter(all_of=(Filter(any_of=(Filter(),) * 31), Filter(none_of=(Filter(),) * 31))),
    Filter(any_of=(*(labelled(first, 64) for first in range(4)), labelled(0, 1))),
    Filter(ids=IDS, not_ids=IDS, paths=PATHS, any_of=(Filter(ids=IDS), Filter(scenes=frozenset(["pier"])))),
    Filter(any_of=(Filter(none_of=(Filter(box=Box(1, 0, 0, 0)),)),)),
    Filter(all_of=(Filter(ids=frozenset(["x"])),)),
    Filter(captured_from=2, captured_before=2),
    Filter(ids=frozenset(["x"])),
    Filter(not_ids=frozenset(["x"])),
    Filter(labels={"": "v"}),
    Filter(path_prefix="p" * 4_097),
]


@pytest.mark.parametrize(("check", "value"), GOOD)
def test_passes(check: Callable[[Any], None], value: Any) -> None:
    check(value)


@pytest.mark.parametrize(("check", "value"), BAD)
def test_refuses(check: Callable[[Any], None], value: Any) -> None:
    with pytest.raises(BadRequest):
        check(value)


@pytest.mark.parametrize("wanted", GOOD_FILTERS, ids=range(len(GOOD_FILTERS)))
def test_passes_filters(wanted: Filter) -> None:
    limits.check_filter(wanted)


@pytest.mark.parametrize("wanted", BAD_FILTERS, ids=range(len(BAD_FILTERS)))
def test_refuses_filters_by_their_own_reason(wanted: Filter) -> None:
    with pytest.raises(BadFilter):
        limits.check_filter(wanted)


def test_a_long_text_is_not_repeated_whole() -> None:
    with pytest.raises(BadRequest) as caught:
        limits.check_name("x" * 100_000)
    assert len(caught.value.message) < 500
