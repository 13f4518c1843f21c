"""How well embeddings serve: retrieval by kind, triplets, altered copies, and the classifier of scenes.

Embeddings enter L2-normalised, float32 [n, dim], with what is known of their pictures; plain figures leave. Near means
a small Euclidean distance, which between unit vectors is a large inner product. Everything n x n is done in blocks of
rows, so that memory grows with n alone.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Embeddings = NDArray[np.float32]

BLOCK = 512
"""Queries compared at once."""
TOP = 30
"""K of the paper's score-at-top-K."""
BINS = 15
"""Of the expected calibration error; Guo et al., "On Calibration of Modern Neural Networks" (2017)."""


class Retrieval(NamedTuple):
    """Each picture searched among all the others; means over the pictures that share their kind with another."""

    precision_at_1: float
    precision_at_5: float
    """Right ones among the first five, divided by five."""
    mean_average_precision: float
    """Over the whole ranking."""
    queries: int


class CopyRecall(NamedTuple):
    """Altered pictures searched among the originals."""

    recall_at_1: float
    """Share whose own original is strictly the nearest."""
    recall_at_fpr: float
    """Share whose original is nearer than the distance at which the false-positive rate would be exceeded."""
    queries: int


def retrieval(embeddings: Embeddings, kinds: NDArray[np.int64]) -> Retrieval:
    """Rank by kind, leave one out; kinds [n]. NaN where no two pictures share a kind."""
    figures = np.concatenate([np.empty((0, 3)), *(_figures(hits) for hits in _rankings(embeddings, kinds))])
    figures = figures[~np.isnan(figures[:, 2])]
    at_1, at_5, average = figures.mean(axis=0).tolist() if len(figures) else [float("nan")] * 3
    return Retrieval(at_1, at_5, average, queries=len(figures))


def similarity_precision(embeddings: Embeddings, triplets: NDArray[np.int64]) -> float:
    """Share of triplets [t, 3] (query, positive, negative) whose positive is strictly the nearer; NaN without any."""
    return float(_ranked_right(embeddings, triplets).mean()) if len(triplets) else float("nan")


def score_at_top(embeddings: Embeddings, triplets: NDArray[np.int64], top: int = TOP) -> int:
    """Triplets ranked right minus wrong, of those with the positive or the negative among the query's `top` nearest.

    Wang et al. (2014), section 6.2. It grows with the number of triplets: compare it on the same ones only.
    """
    right = _ranked_right(embeddings, triplets)
    near = _among_nearest(embeddings, triplets, top)
    return int(right[near].sum()) - int((~right[near]).sum())


def copy_recall(queries: Embeddings, originals: Embeddings, own: NDArray[np.int64], rate: float = 1e-5) -> CopyRecall:
    """Look for altered pictures; own [q] is the row of each query's original.

    The false-positive rate is over all pairs of a query and an original that is not its own. The threshold lets at
    most floor(rate * pairs) of them through.
    """
    allowed = int(rate * len(queries) * (len(originals) - 1))
    false = np.full(allowed + 1, -np.inf, np.float32)
    true, best_other = np.empty(len(queries), np.float32), np.empty(len(queries), np.float32)
    for rows in _blocks(len(queries)):
        cosines = queries[rows] @ originals.T
        place = np.arange(len(cosines)), own[rows]
        true[rows] = cosines[place]
        cosines[place] = -np.inf
        best_other[rows] = cosines.max(axis=1)
        false = _largest(np.concatenate([false, _largest(cosines.ravel(), len(false))]), len(false))
    return CopyRecall(float((true > best_other).mean()), float((true > false.min()).mean()), len(queries))


def top_accuracy(probabilities: NDArray[np.float32], classes: NDArray[np.int64], top: int) -> float:
    """Share of rows [n, classes] whose class [n] is among the `top` most probable."""
    own = probabilities[np.arange(len(classes)), classes]
    # Rivals as probable as the right class count against it.
    rivals = (probabilities >= own[:, np.newaxis]).sum(axis=1) - 1
    return float((rivals < top).mean())


def calibration_error(probabilities: NDArray[np.float32], classes: NDArray[np.int64], bins: int = BINS) -> float:
    """Expected calibration error of the most probable class: |accuracy - confidence|, over bins of equal width."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == classes
    bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(bin_of, weights=right - confidence.astype(np.float64), minlength=bins)
    return float(np.abs(gaps).sum() / len(classes))


def _rankings(embeddings: Embeddings, kinds: NDArray[np.int64]) -> Iterator[NDArray[np.bool_]]:
    """For blocks of queries: whether each other picture, nearest first, is of the query's kind, [b, n - 1]."""
    for rows in _blocks(len(embeddings)):
        right = kinds == kinds[rows, np.newaxis]
        # Of what is equally near, the wrong come first: else a model that tells nothing apart ranks by chance.
        order = np.lexsort((right, -_similarities(embeddings, rows)))[:, :-1]  # the query itself is last
        yield np.take_along_axis(right, order, axis=1)


def _figures(hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Precision at 1 and at 5 and average precision of each ranking [b, n - 1]; NaN where nothing is right."""
    ranks = np.arange(1, hits.shape[1] + 1)
    with np.errstate(invalid="ignore"):
        average = (hits.cumsum(axis=1) / ranks * hits).sum(axis=1) / hits.sum(axis=1)
    return np.stack([hits[:, :1].sum(axis=1), hits[:, :5].sum(axis=1) / 5, average], axis=1)


def _ranked_right(embeddings: Embeddings, triplets: NDArray[np.int64]) -> NDArray[np.bool_]:
    query, positive, negative = (embeddings[triplets[:, column]] for column in range(3))
    return np.asarray((query * positive).sum(axis=1) > (query * negative).sum(axis=1))


def _among_nearest(embeddings: Embeddings, triplets: NDArray[np.int64], top: int) -> NDArray[np.bool_]:
    """Whether a triplet's positive or negative is among its query's `top` nearest others."""
    near = np.zeros(len(triplets), bool)
    for rows in _blocks(len(embeddings)):
        nearest = np.argsort(-_similarities(embeddings, rows), axis=1)[:, : min(top, len(embeddings) - 1)]
        here = np.flatnonzero((triplets[:, 0] >= rows.start) & (triplets[:, 0] < rows.stop))
        theirs = nearest[triplets[here, 0] - rows.start]
        near[here] = ((theirs == triplets[here, 1, None]) | (theirs == triplets[here, 2, None])).any(axis=1)
    return near


def _similarities(embeddings: Embeddings, rows: slice) -> NDArray[np.float32]:
    """Cosines of these rows with all; with themselves minus infinity."""
    cosines = embeddings[rows] @ embeddings.T
    cosines[np.arange(len(cosines)), np.arange(rows.start, rows.stop)] = -np.inf
    return cosines


def _largest(values: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    return values if len(values) <= n else np.partition(values, len(values) - n)[-n:]


def _blocks(n: int) -> Iterator[slice]:
    return (slice(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK))
