"""What every index keeps, ours and strangers': checked against plain numpy."""

import threading
from pathlib import Path

import numpy as np
import pytest
from tests.catalog.catalog_makers import clustered, serials, units, written

from lookalike_server import plugins
from lookalike_server.catalog.index import Durable, ExactIndex, Index, Selective
from lookalike_server.catalog.vectors import Rows, Serials
from lookalike_server.records import Vector

GROUP = "lookalike.indexes"


class Based(ExactIndex):
    """One that compares with all, after a snapshot of all that it has been given but the last `tail`."""

    folder: Path
    tail = 0

    def add(self, serials: Serials, vectors: Rows) -> None:
        super().add(serials, vectors)
        self._matrix.rebase(written(self._matrix, self.folder, int(serials[-1]) - self.tail))


@pytest.fixture(params=[*plugins.names(GROUP), "a base", "a base and a tail"])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> type[Index]:
    if request.param in plugins.names(GROUP):
        found: type[Index] = plugins.load(GROUP, request.param)
        return found
    return type("Index", (Based,), {"folder": tmp_path, "tail": 0 if request.param == "a base" else 2})


def nearest(query: Vector, rows: Rows, k: int) -> list[int]:
    apart = np.linalg.norm(rows.astype(np.float64) - query, axis=1)
    return [int(place) + 1 for place in np.argsort(apart, kind="stable")[:k]]


def test_ours_are_registered() -> None:
    assert {"exact", "hnsw"} <= set(plugins.names(GROUP))


def test_finds_the_nearest_with_their_distances(kind: type[Index]) -> None:
    rows, index = units(500, 16), kind(16)
    index.add(serials(1, 500), rows)
    hits = 0
    for query in units(20, 16, seed=1):
        found, apart = index.search(query, 10)
        hits += len(set(found.tolist()) & set(nearest(query, rows, 10)))
        assert np.all(np.diff(apart) >= 0)
        np.testing.assert_allclose(apart, np.linalg.norm(rows[found - 1] - query, axis=1), atol=1e-3)
    assert hits >= 0.98 * 200


def test_finds_what_it_holds_in_clusters(kind: type[Index]) -> None:
    rows, index = clustered(4_000, 64), kind(64)
    index.add(serials(1, 4_000), rows)
    found = [int(index.search(row, 1)[0][0]) for row in rows[::10]]
    assert found == list(range(1, 4_001, 10))


def test_an_empty_index_finds_nothing(kind: type[Index]) -> None:
    index = kind(4)
    found, apart = index.search(units(1, 4)[0], 5)
    assert (len(index), len(found), len(apart), index.waste()) == (0, 0, 0, 0)


def test_gives_all_when_asked_for_more(kind: type[Index]) -> None:
    index = kind(4)
    index.add(serials(1, 7), units(7, 4))
    assert sorted(index.search(units(1, 4)[0], 100)[0].tolist()) == [1, 2, 3, 4, 5, 6, 7]


def test_what_was_removed_is_never_found(kind: type[Index]) -> None:
    rows, index = units(300, 8), kind(8)
    index.add(serials(1, 300), rows)
    index.remove(range(1, 300, 2))
    index.remove([1, 999])
    assert len(index) == 150
    assert index.serials().tolist() == list(range(2, 301, 2))
    for query in rows[:20]:
        found = index.search(query, 300)[0].tolist()
        assert not [serial for serial in found if serial % 2]
        assert len(found) >= 140


def test_all_can_be_removed_and_others_added(kind: type[Index]) -> None:
    index = kind(8)
    index.add(serials(1, 20), units(20))
    index.remove(range(1, 21))
    assert len(index.search(units(1)[0], 5)[0]) == 0
    index.add(serials(21, 5), units(5, seed=3))
    assert sorted(index.search(units(1)[0], 5)[0].tolist()) == [21, 22, 23, 24, 25]


def test_serials_must_be_new_and_ascend(kind: type[Index]) -> None:
    index = kind(8)
    index.add(serials(10, 3), units(3))
    for bad in ([12, 13, 14], [5, 6, 7], [20, 19, 21]):
        with pytest.raises(ValueError, match="serials"):
            index.add(np.array(bad), units(3))
    assert index.serials().tolist() == [10, 11, 12]


def test_waste_is_the_share_that_was_removed(kind: type[Index]) -> None:
    index = kind(8)
    index.add(serials(1, 10), units(10))
    index.remove([1, 2])
    assert index.waste() == pytest.approx(0.2)


def test_grows_far_beyond_its_first_room(kind: type[Index]) -> None:
    rows, index = units(3_000, 4), kind(4)
    for start in range(0, 3_000, 700):
        part = rows[start : start + 700]
        index.add(serials(start + 1, len(part)), part)
    assert len(index) == 3_000
    assert index.search(rows[2_999], 1)[0].tolist() == [3_000]


def test_searches_while_it_changes(kind: type[Index]) -> None:
    rows, index, done = units(1_500, 16), kind(16), threading.Event()
    index.add(serials(1, 500), rows[:500])
    errors: list[BaseException] = []

    def search() -> None:
        try:
            while not done.is_set():
                found, _ = index.search(rows[0], 50)
                assert len(found) == 50
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for start in range(500, 1_500, 50):
        index.add(serials(start + 1, 50), rows[start : start + 50])
        index.remove(range(start - 20, start))
    done.set()
    for thread in threads:
        thread.join()
    assert not errors


def test_a_selective_one_looks_among_what_is_admitted(kind: type[Index]) -> None:
    rows, index = units(500, 16), kind(16)
    if not isinstance(index, Selective):
        pytest.skip("this index looks among all alike")
    index.add(serials(1, 500), rows)
    index.remove([1, 6])
    hits = 0
    for query in units(20, 16, seed=1):
        held = index.held(query, 30).tolist()
        assert len(held) == 30
        assert held[:3] == index.search(query, 3)[0].tolist()
        found = index.select(query, 30, lambda serial: serial % 5 == 1).tolist()
        assert len(found) == 30
        assert not {1, 6} & set(found)
        assert {serial % 5 for serial in found} == {1}
        fifth = [serial for serial in nearest(query, rows, 500) if serial % 5 == 1 and serial not in (1, 6)]
        hits += len(set(found[:10]) & set(fifth[:10]))
    assert hits >= 0.98 * 200
    assert set(index.select(rows[0], 30, lambda serial: serial < 9).tolist()) <= {2, 3, 4, 5, 7, 8}
    assert index.select(rows[0], 30, lambda serial: False).tolist() == []


def test_a_durable_one_comes_back_whole(kind: type[Index], tmp_path: Path) -> None:
    if not issubclass(kind, Durable):
        pytest.skip("this index keeps nothing on disk")
    rows, index = units(400, 16), kind(16)
    index.add(serials(1, 400), rows)
    index.remove([3, 5, 400])
    facts = index.save(tmp_path / "index")
    again = kind.load(tmp_path / "index", 16, facts)
    assert again.serials().tolist() == index.serials().tolist()
    assert again.search(rows[10], 1)[0].tolist() == [11]
    again.remove([11])
    again.add(serials(401, 1), rows[10:11])
    assert again.search(rows[10], 1)[0].tolist() == [401]
    with pytest.raises(ValueError, match="serials"):
        again.add(serials(400, 1), rows[:1])


def test_a_durable_one_writes_no_removed_vector(kind: type[Index], tmp_path: Path) -> None:
    if not issubclass(kind, Durable):
        pytest.skip("this index keeps nothing on disk")
    rows, index = units(400, 16), kind(16)
    index.add(serials(1, 400), rows)
    index.remove([7])
    index.save(tmp_path / "index")
    written = (tmp_path / "index").read_bytes()
    assert rows[7].tobytes() in written
    assert rows[6].tobytes() not in written
