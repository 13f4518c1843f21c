import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.catalog.catalog_makers import (
    MODELS,
    OTHER,
    arrival,
    ids,
    image_id,
    open_catalog,
    restaged,
    serials,
    sighting,
    units,
    vector_of,
)

from lookalike_server.catalog.admitted import Admission, Admitted
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.indexer import Hungry
from lookalike_server.catalog.matrix import Matrix
from lookalike_server.catalog.vectors import Serials
from lookalike_server.records import Filter

COUNT = 2_000
LATE = Filter(labels={"late": "yes"})
SEEN = Filter(path_prefix="/seen/")
FILTERS = (Filter(labels={"odd": "1"}), LATE, SEEN, Filter(not_ids=frozenset([image_id(1)])))


class Truth:
    """What a filter admits, and how often and of what it was asked; and the vectors of a collection."""

    def __init__(self, admitted: Serials) -> None:
        self.admitted = admitted
        self.asked: list[int | None] = []
        self.held = Matrix(8)
        self.held.add(serials(1, COUNT), units(COUNT))
        self.waiting: list[Hungry] = []
        self.kept = Admitted(self.held, self.waiting.append)

    def ask(self, *, among: list[int] | None = None) -> Serials:
        self.asked.append(None if among is None else len(among))
        return self.admitted if among is None else np.intersect1d(np.array(among, np.int64), self.admitted)

    def of(self, name: str = "filter") -> Admission:
        return self.kept.of(name, self.ask)

    def grow(self, count: int) -> None:
        last = self.kept.last
        self.held.add(serials(last + 1, count), units(count, seed=last))
        self.kept.grew(last + count)

    @contextmanager
    def unasked(self) -> Iterator[None]:
        before = len(self.asked)
        yield
        assert len(self.asked) == before


@pytest.fixture
def truth() -> Truth:
    return Truth(np.arange(1, COUNT + 1, 4))


def test_a_new_filter_costs_a_sample_once(truth: Truth) -> None:
    first = truth.of()
    assert first.share() == pytest.approx(0.25, abs=0.1)
    assert len(truth.asked) == 1
    assert 200 < int(truth.asked[0] or 0) <= 256
    with truth.unasked():
        assert (truth.of().share(), first.is_known) == (first.share(), False)


def test_what_was_asked_for_once_is_kept(truth: Truth) -> None:
    assert truth.of().all().tolist() == truth.admitted.tolist()
    with truth.unasked():
        again = truth.of()
        assert again.is_known
        assert again.all().tolist() == truth.admitted.tolist()
        assert again.share() == 0.25
        assert again.among(serials(1, 9)).tolist() == [1, 5, 9]
        assert again.among(serials(COUNT, 9)).tolist() == []
        assert [serial for serial in range(1, 10) if again.test()(serial)] == [1, 5, 9]
        assert not again.test()(10**9)


def test_one_filter_is_not_another(truth: Truth) -> None:
    truth.of("one").all()
    assert not truth.of("other").is_known


def test_until_then_the_store_is_asked_about_each(truth: Truth) -> None:
    assert truth.of().among(serials(1, 9)).tolist() == [1, 5, 9]
    assert truth.asked == [9]


def test_a_filter_that_comes_again_is_fetched_in_the_background(truth: Truth) -> None:
    truth.of()
    assert truth.waiting == []
    truth.of()
    truth.of()
    (work,) = truth.waiting
    assert not work.advance()
    assert truth.of().is_known
    assert truth.asked == [None]


def test_new_images_are_looked_at_one_by_one(truth: Truth) -> None:
    truth.of().all()
    truth.grow(10)
    truth.admitted = np.append(truth.admitted, COUNT + 3)
    assert truth.of().all()[-1] == COUNT + 3
    assert truth.asked == [None, 10]
    with truth.unasked():
        assert truth.of().all()[-1] == COUNT + 3


def test_after_many_new_ones_all_is_fetched_anew(truth: Truth) -> None:
    truth.of().all()
    truth.grow(5_000)
    assert not truth.of().is_known
    (work,) = truth.waiting
    work.advance()
    assert truth.of().is_known
    assert truth.asked == [None, None]


def test_what_comes_while_the_store_is_asked_is_looked_at_later(truth: Truth) -> None:
    """The store has committed an image that cannot be found yet, and one that it tells of is not all of that group."""
    truth.admitted = np.append(truth.admitted, COUNT + 1)
    first = truth.of()
    first.all()
    truth.grow(2)
    truth.admitted = np.append(truth.admitted, COUNT + 2)
    assert truth.of().all()[-2:].tolist() == [COUNT + 1, COUNT + 2]


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_any_other_change_ends_what_is_kept(truth: Truth, when: str) -> None:
    admission = truth.of()
    if when == "before":
        admission.all()
    truth.kept.expire()
    admission.all()  # whoever began before may be late
    truth.admitted = serials(7, 1)
    assert truth.of().all().tolist() == [7]


def test_no_more_is_kept_than_there_is_room_for(truth: Truth) -> None:
    truth.kept = Admitted(truth.held, truth.waiting.append, room=3 * truth.admitted.nbytes)
    for name in "abcd":
        truth.of("a").all()
        truth.of(name).all()
    assert [truth.of(name).is_known for name in "abcd"] == [True, False, True, True]
    truth.kept = Admitted(truth.held, truth.waiting.append, room=8)
    truth.of().all()
    assert not truth.of().is_known


def test_only_so_many_filters_are_kept(truth: Truth) -> None:
    truth.of("first").all()
    for number in range(300):
        truth.of(str(number))
    assert not truth.of("first").is_known


def test_nothing_is_held_of_nothing() -> None:
    kept = Admitted(Matrix(8), lambda work: None)
    admission = kept.of("filter", lambda among=None: np.empty(0, np.int64))
    assert (admission.share(), admission.all().tolist(), admission.test()(1)) == (0, [], False)


class Machine(RuleBasedStateMachine):
    """Filtered searches of a catalog that keeps what filters admit, beside a store that is asked each time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.catalog = open_catalog(self.folder, models=MODELS, index="hnsw", small=5)
        self.catalog.create_collection("c")
        self.next = 0

    def teardown(self) -> None:
        self.catalog.close()
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        self.more(12)

    @rule(count=st.integers(1, 8))
    def more(self, count: int) -> None:
        new = range(self.next, self.next + count)
        self.next += count
        self.catalog.add([arrival(number, labels={"odd": str(number % 2)}) for number in new])

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        self.catalog.delete_images("c", [image_id(data.draw(st.integers(0, self.next)))], allow_missing=True)

    @rule(data=st.data(), value=st.sampled_from(["yes", "no"]))
    def label(self, data: st.DataObject, value: str) -> None:
        if held := self.held():
            self.catalog.update_image("c", data.draw(st.sampled_from(held)), {"late": value})

    @rule(data=st.data(), beside=st.booleans())
    def sight(self, data: st.DataObject, beside: bool) -> None:
        seen = [sighting(data.draw(st.integers(0, self.next)), path="/seen/again")]
        if beside:
            seen.append(arrival(self.next))
            self.next += 1
        self.catalog.add(seen)

    @rule()
    def settle(self) -> None:
        assert self.catalog.settle(60)

    def held(self) -> list[str]:
        return ids(self.catalog.images("c", Filter(), 1_000)[0])

    @invariant()
    def a_search_admits_what_a_listing_does(self) -> None:
        for wanted in FILTERS:
            listed = ids(self.catalog.images("c", wanted, 1_000)[0])
            for exact in (False, True):
                found = ids(self.catalog.search("c", vector_of(3), limit=1_000, wanted=wanted, exact=exact))
                assert sorted(found) == sorted(listed)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)


def test_what_is_staged_is_a_change_too(tmp_path: Path) -> None:
    with open_catalog(tmp_path, models=MODELS) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(4)])
        wanted = Filter(not_embedded_by=OTHER)
        assert len(catalog.search("c", vector_of(1), wanted=wanted).matches) == 4
        catalog.stage([restaged(2)])
        assert image_id(2) not in ids(catalog.search("c", vector_of(1), wanted=wanted))


def test_everyone_finds_what_he_changed_by_its_filter(tmp_path: Path) -> None:
    with open_catalog(tmp_path, index="hnsw", small=20) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(60)])
        errors: list[BaseException] = []

        def guarded(first: int) -> None:
            try:
                write(catalog, first)
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=guarded, args=(first,)) for first in (0, 20, 40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors
        assert catalog.verify() == []


def write(catalog: Catalog, first: int) -> None:
    """Each change is seen at once, whatever others change meanwhile; and so it is after they were."""
    for number in range(first, first + 20):
        one, new = image_id(number), image_id(1_000 + number)
        catalog.update_image("c", one, {"late": "yes"})
        assert one in found(catalog, LATE)
        catalog.add([sighting(number, path="/seen/here")])
        assert one in found(catalog, SEEN)
        catalog.add([arrival(1_000 + number, labels={"late": "yes"})])
        assert {one, new} <= found(catalog, LATE)
        catalog.update_image("c", new, {})
        assert new not in found(catalog, LATE)
        catalog.delete_images("c", [one])
        assert one not in found(catalog, LATE) | found(catalog, SEEN)


def found(catalog: Catalog, wanted: Filter) -> set[str]:
    return set(ids(catalog.search("c", vector_of(1), limit=1_000, wanted=wanted)))


def test_what_came_after_a_snapshot_is_admitted_after_a_restart(tmp_path: Path) -> None:
    with open_catalog(tmp_path, small=5) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(400)])
        assert catalog.settle(60)
    with open_catalog(tmp_path, small=5) as catalog:
        catalog.add([arrival(400, labels={"late": "yes"})])  # too little for a snapshot of its own
    with open_catalog(tmp_path, small=5) as catalog:
        assert found(catalog, LATE) == {image_id(400)}
        assert found(catalog, LATE) == {image_id(400)}
