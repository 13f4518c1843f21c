"""A snapshot is read when it is, to the bit, one that was written for this collection of this database."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.catalog.catalog_makers import DIM, serials, units
from tests.disk import no_file_beyond

from lookalike_server.catalog.drafts import PARTS
from lookalike_server.catalog.forking import ChildFailed
from lookalike_server.catalog.hnsw import HnswIndex
from lookalike_server.catalog.matrix import Matrix
from lookalike_server.catalog.reach import Reach
from lookalike_server.catalog.snapshots import Identity, Snapshots, sealed, unsealed
from lookalike_server.catalog.twins import Twins

IDENTITY = Identity("u" * 32, "m", DIM, "hnsw")


class Words:
    """The store's part: which words it has committed."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def mark(self) -> str:
        self.said.append(f"word {len(self.said)}")
        return self.said[-1]

    def marked(self, mark: str) -> bool:
        return mark in self.said


@pytest.fixture
def words() -> Words:
    return Words()


def held(folder: Path, words: Words, identity: Identity = IDENTITY) -> Snapshots:
    return Snapshots(folder / "u", identity, mark=words.mark, marked=words.marked)


def collection(count: int) -> tuple[Reach, Matrix]:
    matrix = Matrix(DIM)
    matrix.add(serials(1, count), units(count))
    return Reach(HnswIndex(DIM), Twins()).take_in(matrix.beyond, count)[0], matrix


def write(snapshots: Snapshots, count: int, *, alone: bool = False) -> None:
    draft = snapshots.draft(*collection(count))
    snapshots.publish(draft, snapshots.finished(draft), alone=alone)


@pytest.fixture
def snapshots(tmp_path: Path, words: Words) -> Snapshots:
    made = held(tmp_path, words)
    write(made, 50)
    return made


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.rglob(pattern)
    return found


def names(folder: Path) -> set[str]:
    return {path.name for path in (folder / "u").iterdir()}


def test_one_comes_back(snapshots: Snapshots) -> None:
    found = snapshots.read(HnswIndex)
    assert found is not None
    assert (len(found.reach.graph), found.reach.watermark) == (50, 50)
    assert found.base.serials.tolist() == list(range(1, 51))
    np.testing.assert_allclose(Matrix(DIM, found.base).take(serials(1, 50))[1], units(50), atol=1e-3)


def test_vectors_that_the_graph_has_not_reached_come_back(tmp_path: Path, words: Words) -> None:
    reach, matrix = collection(50)
    matrix.add(serials(51, 10), units(10, seed=1))
    snapshots = held(tmp_path, words)
    draft = snapshots.draft(reach, matrix)
    base = snapshots.publish(draft, snapshots.finished(draft), alone=False)
    assert base.last == 60
    found = snapshots.read(HnswIndex)
    assert found is not None
    assert (found.reach.watermark, found.base.last) == (50, 60)


def test_a_node_that_stands_for_others_only_comes_back(tmp_path: Path, words: Words) -> None:
    matrix, rows = Matrix(DIM), units(6)
    matrix.add(serials(1, 6), rows[[0, 1, 2, 1, 1, 3]])
    reach, _ = Reach(HnswIndex(DIM), Twins()).take_in(matrix.beyond, 6)
    reach.remove([2])
    matrix.remove([2])
    snapshots = held(tmp_path, words)
    draft = snapshots.draft(reach, matrix)
    snapshots.publish(draft, snapshots.finished(draft), alone=False)
    found = snapshots.read(HnswIndex)
    assert found is not None
    assert set(found.reach.search(rows[1], 1)[:2].tolist()) == {4, 5}
    assert found.reach.findings(Matrix(DIM, found.base)) == []
    found.reach.remove([4, 5])
    assert not {2, 4, 5} & set(found.reach.search(rows[1], 6).tolist())


def test_two_are_kept(snapshots: Snapshots, tmp_path: Path) -> None:
    write(snapshots, 60)
    write(snapshots, 70)
    assert names(tmp_path) == {f"000000000{n}.{part}" for n in (2, 3) for part in (*PARTS, "json")}
    newest = max(tmp_path.rglob("*.graph"))
    newest.write_bytes(newest.read_bytes()[:-1])
    found = snapshots.read(HnswIndex)
    assert found is not None
    assert found.reach.watermark == 60


def test_one_that_is_to_be_alone_is(snapshots: Snapshots, tmp_path: Path) -> None:
    write(snapshots, 60, alone=True)
    assert names(tmp_path) == {f"0000000002.{part}" for part in (*PARTS, "json")}


def test_one_that_is_to_be_alone_is_when_its_writer_was_killed_before(snapshots: Snapshots, tmp_path: Path) -> None:
    older = {path: path.read_bytes() for path in (tmp_path / "u").iterdir()}
    write(snapshots, 60, alone=True)
    for path, content in older.items():
        path.write_bytes(content)
    assert snapshots.read(HnswIndex) is not None
    assert not set(older) & set((tmp_path / "u").iterdir())


def test_what_was_cut_off_in_writing_is_litter(snapshots: Snapshots, tmp_path: Path) -> None:
    folder = tmp_path / "u"
    (folder / "0123456789abcdef.rows.aside").write_bytes(b"half")
    (folder / "0000000009.graph").write_bytes(b"no manifest")
    found = snapshots.read(HnswIndex)
    assert found is not None
    assert not (folder / "0123456789abcdef.rows.aside").exists()
    write(snapshots, 60)
    assert not (folder / "0000000009.graph").exists()
    found = snapshots.read(HnswIndex)
    assert found is not None
    assert found.reach.watermark == 60


def test_a_full_disk_leaves_the_one_before(snapshots: Snapshots, tmp_path: Path, words: Words) -> None:
    before, said = names(tmp_path), list(words.said)
    with no_file_beyond(2_000):
        draft = snapshots.draft(*collection(500))
        with pytest.raises(ChildFailed, match=r"cut short|too large"):
            snapshots.finished(draft)
        draft.remove()
    assert (names(tmp_path), words.said) == (before, said)
    assert snapshots.read(HnswIndex) is not None


def test_its_word_is_said_after_its_files_are_written(tmp_path: Path, words: Words) -> None:
    snapshots = held(tmp_path, words)
    draft = snapshots.draft(*collection(50))
    assert words.said == []
    assert snapshots.finished(draft)["mark"] == words.said[0]
    assert not list(tmp_path.rglob("*.json"))


def cut(folder: Path) -> None:
    data = only(folder, "*.graph")
    data.write_bytes(data.read_bytes()[:-100])


def cut_rows(folder: Path) -> None:
    data = only(folder, "*.rows")
    data.write_bytes(data.read_bytes()[: -2 * DIM])


def flip(folder: Path) -> None:
    data = only(folder, "*.graph")
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(content)


def lose_graph(folder: Path) -> None:
    only(folder, "*.graph").unlink()


def lose_serials(folder: Path) -> None:
    only(folder, "*.serials").unlink()


def lose_manifest(folder: Path) -> None:
    only(folder, "*.json").unlink()


def scribble(folder: Path) -> None:
    only(folder, "*.json").write_text("{")


def strip(folder: Path) -> None:
    only(folder, "*.json").write_bytes(sealed([]))  # type: ignore[arg-type]


def move_watermark(folder: Path) -> None:
    manifest = only(folder, "*.json")
    manifest.write_text(manifest.read_text().replace('"watermark": ', '"watermark": 9'))


def change(**values: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        manifest = only(folder, "*.json")
        manifest.write_bytes(sealed({**unsealed(manifest.read_bytes()), **values}))

    damage.__name__ = "change_" + "_".join(values)
    return damage


DAMAGE: list[Callable[[Path], None]] = [
    cut,
    cut_rows,
    flip,
    lose_graph,
    lose_serials,
    lose_manifest,
    scribble,
    strip,
    move_watermark,
]
LIES: list[Callable[[Path], None]] = [
    change(facts=None),
    change(mark="another"),
    change(count=49),
    change(watermark=49),
    change(absent=[[3, 99]]),
    change(identity={"uuid": "another"}),
    change(facts={"space": "l2", "m": 16, "ef_construction": 200, "count": 50, "removed": []}),
    change(facts={"space": "ip", "m": 99, "ef_construction": 200, "count": 50, "removed": []}),
]


@pytest.mark.parametrize("damage", [*DAMAGE, *LIES], ids=lambda damage: str(damage.__name__))
def test_a_damaged_one_is_refused_and_removed(
    snapshots: Snapshots, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    damage(tmp_path)
    assert snapshots.read(HnswIndex) is None
    assert not list(tmp_path.rglob("*.json"))


def test_a_flipped_bit_is_always_found(snapshots: Snapshots, tmp_path: Path) -> None:
    whole = {path: path.read_bytes() for path in sorted((tmp_path / "u").iterdir())}
    dice = random.Random(5)  # noqa: S311  which bits does not matter
    for turn in range(1_000):
        path = dice.choice(list(whole))
        bad = bytearray(whole[path])
        bad[dice.randrange(len(bad))] ^= 1 << dice.randrange(8)
        path.write_bytes(bad)
        assert snapshots.read(HnswIndex) is None, (turn, path)
        for other, content in whole.items():
            other.write_bytes(content)
    assert snapshots.read(HnswIndex) is not None


@pytest.mark.parametrize(
    "identity",
    [
        Identity("v" * 32, "m", DIM, "hnsw"),
        Identity("u" * 32, "n", DIM, "hnsw"),
        Identity("u" * 32, "m", DIM + 1, "hnsw"),
        Identity("u" * 32, "m", DIM, "other"),
    ],
)
def test_a_strangers_one_is_refused(snapshots: Snapshots, tmp_path: Path, words: Words, identity: Identity) -> None:
    assert snapshots.read(HnswIndex) is not None
    assert held(tmp_path, words, identity).read(HnswIndex) is None


def test_one_that_the_store_has_no_word_of_is_refused_and_removed(
    snapshots: Snapshots, tmp_path: Path, words: Words
) -> None:
    write(snapshots, 60)
    words.said.pop()
    found = snapshots.read(HnswIndex)
    assert found is not None
    assert found.reach.watermark == 50
    assert not list(tmp_path.rglob("0000000002.*"))


def test_snapshots_of_older_versions_go(snapshots: Snapshots, tmp_path: Path) -> None:
    old = tmp_path / "u" / "0000000009.index"
    for file in (old, old.with_suffix(".json")):
        file.write_text("{}")
    assert snapshots.read(HnswIndex) is not None
    assert not list(tmp_path.rglob("0000000009.*"))


@pytest.mark.parametrize("name", ["0000000001.json.bak", "9x.graph", "x.json", "99999999999.json", "x.rows.aside"])
def test_strangers_files_are_left_alone(snapshots: Snapshots, tmp_path: Path, name: str) -> None:
    (tmp_path / "u" / name).write_text("not ours")
    assert snapshots.read(HnswIndex) is not None
    write(snapshots, 60, alone=True)
    assert (tmp_path / "u" / name).read_text() == "not ours"


def test_its_files_are_readable_without_us(snapshots: Snapshots, tmp_path: Path) -> None:
    seal, said = only(tmp_path, "*.json").read_bytes().split(b"\n")
    assert len(seal) == 64
    assert json.loads(said)["count"] == 50
    assert only(tmp_path, "*.rows").stat().st_size == 50 * DIM * 2
