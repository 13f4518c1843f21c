"""What counts as the same list, and what is told where it is not."""

from dataclasses import replace

import pytest
from tests.client.report_makers import match, result

from lookalike import ScenePreference
from lookalike.reports import NEAR, Kind, Terms, compare
from lookalike.types import Match, SearchResult

HAIR = NEAR / 3


def found(*matches: Match, generation: int = 7) -> SearchResult:
    return result(matches=matches, generation=generation)


def told(before: SearchResult, now: SearchResult, terms: Terms | None = None) -> list[tuple[str, str]]:
    changes = compare(before, now, terms or Terms())
    return [(change.kind.value, change.image.id.lstrip("0")) for change in changes]


def test_the_same_list_is_the_same() -> None:
    assert told(result(0.1, 0.2, 0.3), result(0.1, 0.2, 0.3)) == []
    assert told(result(), result()) == []


def test_the_last_digits_of_a_distance_are_nothing() -> None:
    assert told(result(0.1, 0.2), result(0.1 + HAIR, 0.2 - HAIR)) == []


def test_another_distance_is_told() -> None:
    assert told(result(0.1, 0.2), result(0.1, 0.2 + 2 * NEAR)) == [("changed", "2")]


def test_what_came_what_went_and_what_moved_is_told() -> None:
    before = found(match(1, 0.1, "a"), match(2, 0.2, "b"), match(3, 0.3, "c"))
    now = found(match(1, 0.1, "a"), match(2, 0.15, "d"), match(3, 0.3, "c"), generation=8)
    assert told(before, now) == [("new", "d"), ("gone", "b")]
    later = found(match(1, 0.05, "d"), match(2, 0.1, "a"), match(3, 0.2, "b"), generation=8)
    assert told(before, later) == [("new", "d"), ("gone", "c"), ("moved", "a"), ("moved", "b")]
    (new, *_) = compare(before, later, Terms())
    assert (new.kind, new.before, new.now and new.now.rank) == (Kind.NEW, None, 1)


def test_images_as_near_as_each_other_may_swap_and_others_may_not() -> None:
    before = found(match(1, 0.2, "a"), match(2, 0.2 + HAIR, "b"), match(3, 0.3, "c"))
    swapped = found(match(1, 0.2, "b"), match(2, 0.2 + HAIR, "a"), match(3, 0.3, "c"))
    assert told(before, swapped) == []
    far = found(match(1, 0.2, "a"), match(2, 0.3, "c"), match(3, 0.2, "b"))
    assert ("moved", "c") in told(before, far)


@pytest.mark.parametrize(
    ("limit", "generation", "expected"),
    [(2, 7, []), (2, 8, [("new", "c"), ("gone", "b")]), (5, 7, [("new", "c"), ("gone", "b")])],
)
def test_chance_decides_who_is_last_only_where_nothing_has_changed_and_the_list_is_full(
    limit: int, generation: int, expected: list[tuple[str, str]]
) -> None:
    before = found(match(1, 0.1, "a"), match(2, 0.2, "b"))
    now = found(match(1, 0.1, "a"), match(2, 0.2 + HAIR, "c"), generation=generation)
    assert told(before, now, Terms(limit=limit)) == expected


def test_folded_matches_are_compared_too() -> None:
    one, other = match(0, 0.12, "x"), match(0, 0.13, "y")
    before = found(replace(match(1, 0.1, "a"), similar=(one, other)), match(2, 0.2, "b"))
    assert told(before, before) == []
    assert told(before, found(replace(match(1, 0.1, "a"), similar=(one,)), match(2, 0.2, "b"))) == [("gone", "y")]
    unfolded = found(match(1, 0.1, "a"), match(2, 0.12, "x"), match(3, 0.13, "y"), match(4, 0.2, "b"))
    assert told(before, unfolded) == [("moved", "x"), ("moved", "y"), ("moved", "b")]


def test_with_a_preference_what_ranks_decides_about_ties() -> None:
    terms = Terms(prefer=ScenePreference(("bar",), weight=0.5))
    near = replace(match(1, 0.3, "a"), scene_agreement=0.5)
    far = replace(match(2, 0.2, "b"), scene_agreement=0.3)
    before, now = found(near, far), found(replace(far, rank=1), replace(near, rank=2))
    assert told(before, now, terms) == [] != told(before, now, replace(terms, prefer=None))
