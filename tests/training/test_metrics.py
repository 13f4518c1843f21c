"""Figures against values computed by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike_server.training import metrics


def on_circle(*degrees: float) -> NDArray[np.float32]:
    """Unit vectors in the plane: the nearer the angles, the nearer the vectors."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def kinds(*names: int) -> NDArray[np.int64]:
    return np.array(names, np.int64)


def triplets(*rows: tuple[int, int, int]) -> NDArray[np.int64]:
    return np.array(rows, np.int64).reshape(-1, 3)


def test_retrieval_by_hand() -> None:
    # Rankings: 0 -> 1 2 3 (hits: no yes no), 2 -> 1 3 0 (no no yes), 1 -> 0 2 3 (no no yes), 3 -> 2 1 0 (no yes no).
    found = metrics.retrieval(on_circle(0, 10, 25, 45), kinds(0, 1, 0, 1))
    assert found.precision_at_1 == 0
    assert found.precision_at_5 == pytest.approx(1 / 5)
    assert found.mean_average_precision == pytest.approx((1 / 2 + 1 / 3 + 1 / 3 + 1 / 2) / 4)
    assert found.queries == 4


def test_average_precision_counts_every_hit_at_its_rank() -> None:
    # 0 -> 1 2 3: yes no yes, hence (1/1 + 2/3) / 2; 1 -> 0 2 3: the same; 3 -> 2 1 0: no yes yes, (1/2 + 2/3) / 2.
    found = metrics.retrieval(on_circle(0, 10, 25, 45), kinds(0, 0, 1, 0))
    assert found.mean_average_precision == pytest.approx((5 / 6 + 5 / 6 + 7 / 12) / 3)
    assert found.precision_at_1 == pytest.approx(2 / 3)


def test_of_equally_near_pictures_the_wrong_come_first() -> None:
    found = metrics.retrieval(on_circle(*[10] * 6), kinds(0, 0, 0, 0, 0, 1))
    assert found.precision_at_1 == 0
    assert found.precision_at_5 == pytest.approx(4 / 5)
    assert found.mean_average_precision == pytest.approx((1 / 2 + 2 / 3 + 3 / 4 + 4 / 5) / 4)


def test_a_picture_alone_in_its_kind_is_no_query_but_may_be_found() -> None:
    assert metrics.retrieval(on_circle(0, 10, 5), kinds(0, 0, 1)).precision_at_1 == 0
    assert metrics.retrieval(on_circle(0, 10, 5), kinds(0, 0, 1)).queries == 2


def test_no_kind_with_two_pictures_gives_no_figure() -> None:
    found = metrics.retrieval(on_circle(0, 10), kinds(0, 1))
    assert np.isnan(found.mean_average_precision)
    assert found.queries == 0


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(5)
    embeddings = random.standard_normal((50, 8)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    of_kind, chosen = random.integers(0, 5, 50), random.integers(0, 50, (200, 3))

    def figures() -> list[object]:
        return [
            metrics.retrieval(embeddings, of_kind),
            metrics.score_at_top(embeddings, chosen, top=10),
            metrics.copy_recall(embeddings[::-1], embeddings, np.arange(50), rate=0.1),
        ]

    whole = figures()
    monkeypatch.setattr(metrics, "BLOCK", 7)
    assert figures() == whole


def test_similarity_precision_is_the_share_of_triplets_ranked_right() -> None:
    embeddings = on_circle(0, 10, 25, 45)
    assert metrics.similarity_precision(embeddings, triplets((0, 1, 2), (0, 3, 2), (3, 2, 1), (2, 1, 3))) == 0.75


def test_a_tie_is_not_ranked_right() -> None:
    assert metrics.similarity_precision(on_circle(0, 10, 10), triplets((0, 1, 2))) == 0


def test_no_triplets_give_no_figure() -> None:
    assert np.isnan(metrics.similarity_precision(on_circle(0), triplets()))
    assert metrics.score_at_top(on_circle(0), triplets()) == 0


def test_score_at_top_counts_triplets_that_reach_the_top_only() -> None:
    embeddings = on_circle(0, 10, 25, 45, 70)
    # The nearest of 0 is 1: the first two triplets touch it, right and wrong; the third touches it not.
    chosen = triplets((0, 1, 2), (0, 3, 1), (0, 2, 3), (4, 3, 0))
    assert metrics.score_at_top(embeddings, chosen, top=1) == 2 - 1
    assert metrics.score_at_top(embeddings, chosen, top=2) == 3 - 1
    assert metrics.score_at_top(embeddings, chosen) == 3 - 1


def test_copy_recall_at_1_needs_the_original_to_be_strictly_nearest() -> None:
    originals = on_circle(0, 90, 180, 180)
    found = metrics.copy_recall(on_circle(5, 80, 40, 181), originals, np.array([0, 1, 1, 2]))
    assert found.recall_at_1 == 0.5  # the third is nearer to 0, the fourth is as near to another
    assert found.queries == 4


def test_copy_recall_at_a_rate_lets_no_more_strangers_through() -> None:
    # Degrees to the original: 10, 60; to the stranger: 30, 80. Two pairs with strangers.
    queries, originals = on_circle(10, 40), on_circle(0, 100)
    own = np.array([0, 1])
    strangers = [90, 40]
    assert [round(float(np.degrees(np.arccos(c)))) for c in (queries[0] @ originals[1], queries[1] @ originals[0])] == (
        strangers
    )
    # None may pass: the threshold is 40 degrees, which the first copy (10) meets and the second (60) does not.
    assert metrics.copy_recall(queries, originals, own, rate=0.49).recall_at_fpr == 0.5
    # One of two may pass: the threshold is 90 degrees.
    assert metrics.copy_recall(queries, originals, own, rate=0.5).recall_at_fpr == 1


def test_top_accuracy_by_hand() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.4, 0.4, 0.2]], np.float32)
    classes = kinds(0, 1, 1)
    assert metrics.top_accuracy(probabilities, classes, 1) == pytest.approx(1 / 3)  # a tie is no hit
    assert metrics.top_accuracy(probabilities, classes, 2) == 1


def test_calibration_error_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]], np.float32)
    # Confidence .9 with accuracy .5, and confidence .6 with accuracy 1; two rows each.
    classes = kinds(0, 1, 1, 1)
    assert metrics.calibration_error(probabilities, classes) == pytest.approx((0.4 + 0.4) / 2)


def test_calibration_error_averages_within_a_bin_before_it_takes_the_distance() -> None:
    probabilities = np.array([[1.0, 0.0], [0.5, 0.5]], np.float32)
    assert metrics.calibration_error(probabilities, kinds(1, 0), bins=1) == pytest.approx(0.25)
    assert metrics.calibration_error(probabilities, kinds(1, 0), bins=2) == pytest.approx((1 + 0.5) / 2)
