"""What a batch holds depends on the seed and its number alone."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
from tests.pictures import picture_bytes

from lookalike_server.models import pixels
from lookalike_server.training.augment import altered, glimpse
from lookalike_server.training.batches import AHEAD, Batch, Painter, Rows, rows_of, views
from lookalike_server.training.gallery import Gallery

GALLERY = Gallery([picture_bytes(seed, "JPEG") for seed in range(8)])
SIZE = (24, 32)
TRIPLETS = [np.array([[number % 8, (number + 1) % 8, (number + 2) % 8], [7, 6, 5]]) for number in range(2 * AHEAD + 1)]


def painted(*, first: int, triplets: list[Rows] = TRIPLETS, seed: int = 1, threads: int = 2) -> list[Batch]:
    with closing(Painter(GALLERY, SIZE, seed, threads)) as painter:
        return list(painter.batches(iter(triplets), first))


def test_rows_are_queries_positives_negatives_and_copies_of_the_queries() -> None:
    assert rows_of(np.array([[1, 2, 3], [4, 5, 6]])).tolist() == [1, 4, 2, 5, 3, 6, 1, 4]
    assert views(2) == [glimpse] * 6 + [altered] * 2


def test_there_is_a_batch_for_each_draw_in_order() -> None:
    batches = painted(first=0)
    assert [batch.rows.tolist() for batch in batches] == [rows_of(drawn).tolist() for drawn in TRIPLETS]
    assert {batch.pixels.shape for batch in batches} == {(8, *SIZE, 3)}
    assert {batch.pixels.dtype for batch in batches} == {np.dtype(np.uint8)}


def test_a_batch_shows_its_pictures_altered() -> None:
    (batch,) = painted(first=0, triplets=TRIPLETS[:1])
    for place, row in enumerate(batch.rows):
        plain = pixels.resized(GALLERY.picture(row), SIZE)
        assert (batch.pixels[place] != plain).any()
    query, copy = batch.pixels[1], batch.pixels[7]
    assert (query != copy).any()


def test_the_same_seed_and_number_give_the_same_pixels_however_many_threads() -> None:
    whole, rest = painted(first=10), painted(first=13, triplets=TRIPLETS[3:], threads=1)
    for one, other in zip(whole[3:], rest, strict=True):
        assert (one.pixels == other.pixels).all()


@pytest.mark.parametrize(("seed", "first"), [(2, 10), (1, 11)])
def test_another_seed_or_number_gives_others(seed: int, first: int) -> None:
    (one,), (other,) = painted(first=10, triplets=TRIPLETS[:1]), painted(first=first, seed=seed, triplets=TRIPLETS[:1])
    assert (one.pixels != other.pixels).any()


def test_no_more_is_drawn_than_is_prepared_ahead() -> None:
    asked = []

    def drawn() -> Iterator[Rows]:
        for number, triplets in enumerate(TRIPLETS):
            asked.append(number)
            yield triplets

    with closing(Painter(GALLERY, SIZE, 1, 2)) as painter:
        next(painter.batches(drawn(), 0))
    assert len(asked) == AHEAD + 1


def test_a_plain_view_is_the_picture_as_the_server_sees_it() -> None:
    with closing(Painter(GALLERY, SIZE, 1, 2)) as painter:
        found = painter.views(np.array([5, 2]), None, 0)
        copies = painter.views(np.array([5, 2]), altered, 0)
    for view, row in zip(found, (5, 2), strict=True):
        assert (view == pixels.resized(GALLERY.picture(row), SIZE)).all()
    assert (copies != found).any()


def test_a_picture_that_cannot_be_decoded_any_more_ends_the_run_and_does_not_hang_it() -> None:
    damaged = Gallery([picture_bytes(0, "JPEG"), b"no picture", picture_bytes(2, "JPEG")])
    with closing(Painter(damaged, SIZE, 1, 1)) as painter, pytest.raises(OSError, match="cannot identify image"):
        list(painter.batches(iter([np.array([[0, 1, 2]])]), 0))
