import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.catalog.catalog_makers import units

from lookalike_server.catalog import halves
from lookalike_server.catalog.vectors import Rows

EVERY = np.arange(2**16, dtype=np.uint16).view(np.float16)
FINITE = EVERY[np.isfinite(EVERY)]
NUMBERS = st.floats(-1, 1, width=32)


@given(arrays(np.float32, (3, 5), elements=NUMBERS), st.floats(0, 40))
def test_no_unit_vector_moves_farther_than_the_bound(numbers: Rows, smaller: float) -> None:
    numbers[:, 1:] *= np.float32(2.0**-smaller)  # the one great, the others down to where float16 has no bits left
    lengths = np.linalg.norm(numbers.astype(np.float64), axis=1)
    rows = (numbers[lengths > 0] / lengths[lengths > 0, None]).astype(np.float32)
    kept = halves.halved(rows)
    kept[np.abs(kept) < np.finfo(np.float16).smallest_normal] = 0  # as a processor may take them
    moved = np.linalg.norm(halves.widened(kept).astype(np.float64) - rows, axis=1)
    assert np.all(moved <= halves.error(5))


def test_the_bound_is_not_far_above_what_happens() -> None:
    rows = units(2_000, 256)
    moved = np.linalg.norm(halves.widened(halves.halved(rows)).astype(np.float64) - rows, axis=1)
    assert moved.max() > halves.error(256) / 2.5


def test_every_number_of_half_precision_is_multiplied_as_what_it_is() -> None:
    rows = FINITE.reshape(-1, 1)
    query = np.array([0.75], np.float32)
    np.testing.assert_array_equal(halves.products(rows, query), halves.widened(rows)[:, 0] * query)


@pytest.mark.parametrize("count", [0, 1, 511, 512, 1_300])
def test_products_of_any_number_of_rows(count: int) -> None:
    rows, query = halves.halved(units(count, 256)), units(1, 256, seed=1)[0]
    wanted = halves.widened(rows).astype(np.float64) @ query
    np.testing.assert_allclose(halves.products(rows, query), wanted, atol=1e-6)


@pytest.mark.parametrize("every", [1, 2, 1_299, 1_300])
def test_products_of_some_rows_are_those_of_all(every: int) -> None:
    rows, query = halves.halved(units(1_300, 256)), units(1, 256, seed=1)[0]
    places = np.arange(0, 1_300, every)
    np.testing.assert_allclose(halves.products(rows, query, places), halves.products(rows, query)[places], atol=1e-6)


def test_what_is_rounded_stays_as_it_is() -> None:
    kept = halves.halved(units(100))
    np.testing.assert_array_equal(halves.halved(halves.widened(kept)), kept)
