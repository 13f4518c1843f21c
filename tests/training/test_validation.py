"""What a validation says of a network, against values computed by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike_server.training.metrics import calibration_error
from lookalike_server.training.validation import Exam, score, softmax

NONE = np.empty(0, np.int64)


def unit(*angles: float) -> NDArray[np.float32]:
    """Unit vectors by their angles in degrees."""
    radians = np.deg2rad(angles)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def exam(scenes: list[int], **tastes: list[int]) -> Exam:
    rows = {name: np.array(each) for name, each in tastes.items()}
    return Exam(np.array([0, 0, 1, 1]), np.array(scenes), rows, np.array([0, 2]))


def test_each_taste_is_searched_among_its_own_pictures() -> None:
    # 0 and 1 are of one kind, and so are 2 and 3. All: 0 finds 1 after 2, 1 after 2 and 3; 2 finds 3 last, 3 second.
    embeddings = unit(0, 50, 20, 40)
    figures = exam([-1] * 4, all=[0, 1, 2, 3], near=[0, 1]).figures(embeddings, embeddings[[0, 2]])
    assert figures["mAP near"] == 1
    ranks = [3, 3, 2, 2]  # 0: 2, 3, 1; 1: 3, 2, 0; 2: 0 or 3; 3: 1, 2, 0
    assert figures["mAP all"] == pytest.approx(np.mean([1 / rank for rank in ranks]), abs=0.2)


def test_a_taste_in_which_no_two_are_alike_says_nothing() -> None:
    figures = exam([-1] * 4, apart=[0, 2]).figures(unit(0, 50, 20, 40), unit(0, 20))
    assert list(figures) == ["copies found"]


def test_copies_are_looked_for_among_the_originals() -> None:
    # Two alterations of each original; the second one of the last has come to lie nearer to the first's.
    figures = exam([-1] * 4).figures(unit(0, 1, 90, 1), unit(0, 5, 90, 10))
    assert figures["copies found"] == 0.75


def test_the_score_is_the_geometric_mean_of_ratios() -> None:
    assert score({"a": 0.4, "b": 0.5}, {"a": 0.2, "b": 0.5}) == pytest.approx(2**0.5)
    assert score({"a": 0.4, "b": 0.25}, {"a": 0.2, "b": 0.5}) == pytest.approx(1)


def test_what_the_untrained_features_do_not_tell_does_not_count() -> None:
    assert score({"a": 0.3, "b": 0.5}, {"a": 0.2, "b": 0.0}) == pytest.approx(1.5)
    assert score({"a": 0.3}, {}) == 1


def test_a_taste_that_is_lost_altogether_leaves_a_score() -> None:
    assert 0 < score({"a": 0.0}, {"a": 0.5}) < 1e-6


def told(n: int, doubt: float, sharpness: float) -> tuple[Exam, NDArray[np.float32]]:
    """Logits of three scenes that are right in 1 - doubt of all cases, and as sure as they please."""
    random = np.random.default_rng(3)
    truth = random.integers(0, 3, n)
    guess = np.where(random.random(n) < doubt, random.integers(0, 3, n), truth)
    logits = sharpness * np.eye(3, dtype=np.float32)[guess]
    return Exam(truth, truth, {}, NONE), logits


def test_a_network_too_sure_of_itself_is_calibrated() -> None:
    known, logits = told(2000, doubt=0.45, sharpness=6)
    temperature = known.temperature(logits)
    # Right in 0.7 of all cases: e^(6/t) / (e^(6/t) + 2) is 0.7 at t = 6 / ln(14/3).
    assert temperature == pytest.approx(6 / np.log(14 / 3), rel=0.1)
    before, after = (calibration_error(softmax(logits / each), known.scenes) for each in (1.0, temperature))
    assert before > 0.25
    assert after < 0.04
    figures = known.of_scenes(logits, temperature)
    assert figures["scene calibration error"] < 0.05
    assert figures["scene top-1"] == pytest.approx(0.7, abs=0.05)
    assert figures["scene top-5"] == 1


def test_a_network_too_modest_is_calibrated() -> None:
    known, logits = told(2000, doubt=0.05, sharpness=1)
    assert known.temperature(logits) < 0.5


def test_accuracy_is_told_of_other_pictures_than_those_the_temperature_was_found_on() -> None:
    known = Exam(np.zeros(4, np.int64), np.array([0, -1, 0, 0]), {}, NONE)
    # Of the pictures of scenes, the first and third find the temperature; the second alone is told right.
    logits = np.array([[0, 9], [0, 9], [9, 0], [0, 9]], np.float32)
    assert known.of_scenes(logits, 1.0)["scene top-1"] == 1


def test_without_pictures_of_scenes_nothing_is_said_and_nothing_changed() -> None:
    known = Exam(np.zeros(2, np.int64), np.array([-1, -1]), {}, NONE)
    logits = np.zeros((2, 3), np.float32)
    assert known.temperature(logits) == 1
    assert known.of_scenes(logits, 1.0) == {}
