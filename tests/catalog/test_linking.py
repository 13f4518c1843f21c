"""Links between vectors that memory has in half precision, as after a restart."""

from pathlib import Path

import numpy as np
import pytest
from tests.catalog.catalog_makers import serials, units

from lookalike_server.catalog.components import Components
from lookalike_server.catalog.linking import link
from lookalike_server.catalog.matrix import Base, Matrix
from lookalike_server.catalog.shelf import Shelf
from lookalike_server.catalog.store import Superseded
from lookalike_server.catalog.vectors import Rows, Serials

COUNT, DIM = 300, 8


def pairs(apart: float) -> Rows:
    """Vectors of which each even one and the next are about so far apart, by chance a millionth more or less."""
    rows = units(COUNT, DIM).astype(np.float64)
    step = np.random.default_rng(1).standard_normal((COUNT // 2, DIM))
    step -= rows[::2] * np.sum(step * rows[::2], axis=1, keepdims=True)
    step *= apart / np.linalg.norm(step, axis=1, keepdims=True)
    rows[1::2] = rows[::2] + step
    normed: Rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return normed


def shelved(folder: Path, rows: Rows) -> Shelf:
    """All rows in a snapshot's files, and the true ones where a store would have them."""
    whole = Matrix(DIM)
    whole.add(serials(1, COUNT), rows)
    whole.write(folder / "rows", folder / "serials", COUNT)
    base = Base.open(folder / "rows", folder / "serials", DIM)

    def truth(asked: Serials) -> tuple[Serials, Rows]:
        return asked, rows[asked - 1]

    return Shelf(
        Matrix(DIM, base),
        1,
        truth=truth,
        cover=None,
        small=0,
        save_every=1,
        background=lambda work: None,
        write=lambda shelf: None,
    )


@pytest.mark.parametrize("radius", [0.0005, 0.01, 0.1])
def test_what_rounding_cannot_tell_is_measured_in_full_precision(tmp_path: Path, radius: float) -> None:
    rows = pairs(radius)
    wide = rows.astype(np.float64)
    apart = np.linalg.norm(wide[::2] - wide[1::2], axis=1)
    radius = float(np.median(apart))  # half of the pairs are a hair's breadth nearer, half farther
    parts = Components(COUNT)
    assert list(link(shelved(tmp_path, rows), serials(1, COUNT), radius, parts))[-1] == COUNT
    linked = {tuple(group.tolist()) for group in parts.groups()}
    assert {(2 * number, 2 * number + 1) for number in np.flatnonzero(apart <= radius).tolist()} <= linked
    assert not {(2 * number, 2 * number + 1) for number in np.flatnonzero(apart > radius).tolist()} & linked


def test_vectors_taken_away_meanwhile_end_it(tmp_path: Path) -> None:
    rows = pairs(0.1)
    shelf = shelved(tmp_path, rows)

    def superseded(asked: Serials) -> tuple[Serials, Rows]:
        raise Superseded

    taken = Shelf(
        shelf.vectors,
        1,
        truth=superseded,
        cover=None,
        small=0,
        save_every=1,
        background=lambda work: None,
        write=lambda shelf: None,
    )
    with pytest.raises(Superseded):
        list(link(taken, serials(1, COUNT), 0.1, Components(COUNT)))
