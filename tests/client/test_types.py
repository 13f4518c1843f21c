import copy
import dataclasses
import pickle
from typing import Any

import pytest
from tests.client.nouns import TIMINGS, image

from lookalike import types


def result(count: int) -> types.SearchResult:
    matches = tuple(types.Match(rank, rank / 10, 1.0, image()) for rank in range(1, count + 1))
    return types.SearchResult(matches, "tiny-1", 7, exact=True, timings=TIMINGS)


def test_an_images_path_is_that_of_its_first_source() -> None:
    assert image().path == "/a/one.jpg"
    assert image(sources=()).path is None


def test_a_result_is_a_sequence_of_its_matches() -> None:
    found = result(3)
    assert len(found) == 3
    assert [match.rank for match in found] == [1, 2, 3]
    assert found[-1].rank == 3
    assert [match.rank for match in found[:2]] == [1, 2]
    assert found[1] in found
    assert not result(0)


@pytest.mark.parametrize("noun", [image(), result(2), types.Filter(labels={"a": "b"}), TIMINGS])
def test_nouns_compare_hash_copy_and_pickle(noun: object) -> None:
    assert copy.deepcopy(noun) == noun
    assert pickle.loads(pickle.dumps(noun)) == noun  # noqa: S301 - our own bytes
    assert hash(copy.deepcopy(noun)) == hash(noun)


def test_an_embedding_takes_no_part_in_comparison_or_display() -> None:
    with_vector = image(embedding=[1.0, 2.0])
    assert with_vector == image()
    assert "2.0" not in repr(with_vector)


def nouns() -> list[Any]:
    return [each for each in vars(types).values() if dataclasses.is_dataclass(each)]


@pytest.mark.parametrize("noun", nouns(), ids=lambda noun: noun.__name__)
def test_every_noun_is_frozen_and_slotted(noun: Any) -> None:
    assert noun.__dataclass_params__.frozen
    assert "__slots__" in vars(noun)


def test_outcomes_are_plain_words() -> None:
    assert [str(outcome) for outcome in types.ImportOutcome] == ["created", "existed", "failed"]
    assert types.ImportOutcome.CREATED == "created"  # type: ignore[comparison-overlap]


def summary(pairs: int, within: int) -> types.DuplicateSummary:
    return types.DuplicateSummary(0.3, 10, 1, 2, 0, pairs, within)


def test_the_false_positive_rate_is_the_share_of_random_pairs() -> None:
    assert summary(100_000, 25).false_positive_rate == 0.00025
    assert summary(0, 0).false_positive_rate is None
    assert summary(0, 0).false_positive_bound is None


@pytest.mark.parametrize(
    # As statsmodels' proportion_confint(within, pairs, method="wilson") has it.
    ("pairs", "within", "bound"),
    [(100_000, 0, 3.8413e-05), (100_000, 25, 3.6903e-04), (10, 3, 0.60322), (10, 10, 1.0)],
)
def test_the_bound_is_the_upper_end_of_wilsons_interval(pairs: int, within: int, bound: float) -> None:
    assert summary(pairs, within).false_positive_bound == pytest.approx(bound, rel=1e-3)
