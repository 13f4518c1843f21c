"""When graphs are measured, and what becomes of it."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.catalog.catalog_makers import MODEL, MODELS, arrival, ids, image_id, open_catalog, restaged, units

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.shelf import Shelf
from lookalike_server.catalog.tuner import QUIET, SHARE, Tuner
from lookalike_server.catalog.tuning import EFFORTS, SAMPLE

COUNT = 500
WIDE = 128
QUERY = units(1, seed=5)[0]


class Clock:
    """Seconds that pass when a test says so, and a hundredth at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.01
        return self.now


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A collection with a graph."""
    with open_catalog(tmp_path / "data", small=10) as opened:
        opened.create_collection("c")
        fill(opened, range(COUNT))
        yield opened


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """A collection that the usual effort is too little for: random vectors, all about as far from each other."""
    with open_catalog(tmp_path_factory.mktemp("hard"), models={MODEL: WIDE}) as opened:
        opened.create_collection("c")
        opened.add([arrival(n, vector=row) for n, row in enumerate(units(5_000, WIDE))])
        assert opened.settle(120)
        yield opened


def fill(catalog: Catalog, numbers: range) -> None:
    catalog.add([arrival(n) for n in numbers])
    assert catalog.settle(120)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def tuner_of(catalog: Catalog, file: Path, clock: Clock, target: float = 0.99) -> Tuner:
    """A tuner of our own, without a thread."""
    catalog._tuner.close()
    return Tuner(file, catalog._shelves.standing, lambda: catalog.settle(0), target, clock)


def shelf_of(catalog: Catalog) -> Shelf:
    (shelf,) = catalog._shelves.standing().values()
    return shelf


def work(tuner: Tuner, clock: Clock) -> int:
    """Steps until nothing is left to do."""
    clock.now += QUIET
    steps = 0
    while tuner.advance() is not None:
        steps += 1
    return steps


def test_a_quiet_machine_is_used_until_the_target_is_met_and_then_no_more(
    catalog: Catalog, tmp_path: Path, clock: Clock
) -> None:
    tuner = tuner_of(catalog, tmp_path / "kept", clock)
    (before,) = catalog.indexes()
    assert (before.effort, before.measured_recall, before.sample_size, before.measured) == (200, None, 0, None)
    assert catalog.search("c", QUERY).measured_recall is None
    assert work(tuner, clock) == 2 * SAMPLE + 1
    (after,) = catalog.indexes()
    assert (after.collection, after.image_count, after.indexed_count) == ("c", COUNT, COUNT)
    assert after.effort == EFFORTS[0] < before.effort
    assert after.measured_recall is not None
    assert after.measured_recall >= after.recall_target == 0.99
    assert after.sample_size == SAMPLE
    assert after.measured is not None
    assert catalog.search("c", QUERY).measured_recall == after.measured_recall
    assert work(tuner, clock) == 0


def test_answers_reach_the_target_where_the_usual_effort_does_not(hard: Catalog, tmp_path: Path, clock: Clock) -> None:
    assert recall(hard) < 0.98
    work(tuner_of(hard, tmp_path / "kept", clock), clock)
    assert hard.indexes()[0].effort > 200
    assert recall(hard) >= 0.99


def recall(catalog: Catalog) -> float:
    """Share of the true nearest that searches find by vectors which the collection does not hold."""
    shares = []
    for query in units(100, WIDE, seed=777):
        found, true = (catalog.search("c", query, exact=exact) for exact in (False, True))
        assert (found.exact, true.exact, true.measured_recall) == (False, True, None)
        shares.append(len(set(ids(found)) & set(ids(true))) / 10)
    return float(np.mean(shares))


def test_nothing_happens_while_somebody_searches(catalog: Catalog, tmp_path: Path, clock: Clock) -> None:
    tuner = tuner_of(catalog, tmp_path / "kept", clock)
    clock.now += QUIET
    for _ in range(5):
        tuner.searched()
        pause = tuner.advance()
        assert pause is not None
        assert QUIET - 0.1 < pause <= QUIET
    assert tuner._under_way is None
    clock.now += QUIET
    assert tuner.advance() is not None
    assert tuner._under_way is not None


def test_each_step_of_looking_for_duplicates_is_a_search(catalog: Catalog, tmp_path: Path, clock: Clock) -> None:
    catalog._tuner = tuner = tuner_of(catalog, tmp_path / "kept", clock)
    steps = catalog.duplicates("c", 0.1)
    for _ in range(3):
        clock.now += QUIET
        next(steps)
        pause = tuner.advance()
        assert pause is not None
        assert QUIET - 0.1 < pause <= QUIET
    assert tuner._under_way is None


def test_nothing_happens_while_something_changes(catalog: Catalog, tmp_path: Path, clock: Clock) -> None:
    tuner = tuner_of(catalog, tmp_path / "kept", clock)
    clock.now += QUIET
    tuner.changed()
    tuner.advance()
    assert tuner._under_way is None


def test_nothing_happens_while_graphs_are_behind(catalog: Catalog, tmp_path: Path, clock: Clock) -> None:
    catalog._tuner.close()
    tuner = Tuner(tmp_path / "kept", catalog._shelves.standing, lambda: False, 0.99, clock)
    clock.now += QUIET
    assert tuner.advance() == QUIET
    assert tuner._under_way is None


def test_it_takes_a_part_of_the_time_only(catalog: Catalog, tmp_path: Path, clock: Clock) -> None:
    tuner = tuner_of(catalog, tmp_path / "kept", clock)
    clock.now += QUIET
    before = clock.now
    pause = tuner.advance()
    assert pause == pytest.approx((1 / SHARE - 1) * 0.01), "a step that takes a look at the clock"
    assert clock.now - before < 0.1


def test_a_catalogs_own_thread_measures_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike_server.catalog.tuner.QUIET", 0.0)
    monkeypatch.setattr("lookalike_server.catalog.tuner.SHARE", 1.0)
    with open_catalog(tmp_path, small=10) as catalog:
        catalog.create_collection("c")
        fill(catalog, range(100))
        assert catalog._tuner.settle(60)
        assert catalog.indexes()[0].sample_size == 100


def test_enough_change_is_measured_anew_and_little_is_not(catalog: Catalog, tmp_path: Path, clock: Clock) -> None:
    tuner = tuner_of(catalog, tmp_path / "kept", clock)
    work(tuner, clock)
    first = shelf_of(catalog).tuning
    fill(catalog, range(COUNT, COUNT + 80))
    assert work(tuner, clock) == 0
    assert shelf_of(catalog).tuning is first
    catalog.delete_images("c", [image_id(n) for n in range(40)])
    assert work(tuner, clock) > 0
    second = shelf_of(catalog).tuning
    assert second is not None
    assert (second.count, second.last) == (COUNT + 40, COUNT + 80)


def test_what_was_measured_outlives_a_restart(tmp_path: Path, clock: Clock) -> None:
    folder = tmp_path / "data"
    with open_catalog(folder, small=10) as catalog:
        catalog.create_collection("c")
        fill(catalog, range(COUNT))
        work(tuner_of(catalog, folder / "tuning.json", clock), clock)
        (before,) = catalog.indexes()
    with open_catalog(folder, small=10) as catalog:
        assert catalog.indexes() == [before]
        assert work(tuner_of(catalog, folder / "tuning.json", clock), clock) == 0
    with open_catalog(folder, small=10, recall_target=0.9) as catalog:
        assert catalog.indexes()[0].measured_recall is None, "it was measured for another target"


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"target": 0.99}', '{"target": 0.99, "tunings": {"UUID": {"x": 1}}}']
)
def test_a_damaged_record_is_a_new_measurement(
    catalog: Catalog, tmp_path: Path, clock: Clock, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    (uuid,) = catalog._shelves.standing()
    (tmp_path / "kept").write_text(damage.replace("UUID", uuid))
    with caplog.at_level(logging.WARNING):
        tuner = tuner_of(catalog, tmp_path / "kept", clock)
    assert "of no use" in caplog.text
    clock.now += QUIET
    assert tuner.advance() is not None
    assert tuner._under_way is not None


def test_a_record_that_cannot_be_written_is_said_and_used(
    catalog: Catalog, tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        work(tuner_of(catalog, tmp_path / "nowhere" / "kept", clock), clock)
    assert "could not be kept" in caplog.text
    assert catalog.indexes()[0].measured_recall is not None


def test_the_record_holds_living_collections_only(tmp_path: Path, clock: Clock) -> None:
    with open_catalog(tmp_path / "data", small=10) as catalog:
        for name in ("one", "two"):
            catalog.create_collection(name)
            catalog.add([arrival(n, collection=name) for n in range(100)])
        assert catalog.settle(60)
        tuner = tuner_of(catalog, tmp_path / "kept", clock)
        work(tuner, clock)
        assert len(kept(tmp_path)) == 2
        catalog.delete_collection("one")
        catalog.add([arrival(n, collection="two") for n in range(100, 200)])
        assert catalog.settle(60)
        work(tuner, clock)
        assert list(kept(tmp_path)) == list(catalog._shelves.standing())


def kept(folder: Path) -> dict[str, Any]:
    tunings: dict[str, Any] = json.loads((folder / "kept").read_text())["tunings"]
    return tunings


def test_a_collection_that_goes_while_it_is_measured_is_forgotten(
    catalog: Catalog, tmp_path: Path, clock: Clock
) -> None:
    tuner = tuner_of(catalog, tmp_path / "kept", clock)
    clock.now += QUIET
    assert tuner.advance() is not None
    catalog.delete_collection("c")
    assert work(tuner, clock) == 0
    assert tuner._under_way is None


def test_a_collection_of_another_model_now_is_measured_anew(tmp_path: Path, clock: Clock) -> None:
    with open_catalog(tmp_path / "data", models=MODELS, small=10) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(n) for n in range(100)])
        assert catalog.settle(60)
        tuner = tuner_of(catalog, tmp_path / "kept", clock)
        work(tuner, clock)
        catalog.stage([restaged(n) for n in range(100)])
        catalog.switch_model("c", list(MODELS)[1])
        assert catalog.settle(60)
        assert catalog.indexes()[0].measured_recall is None
        assert work(tuner, clock) > 0
        assert catalog.indexes()[0].measured_recall is not None


def test_without_a_graph_nothing_is_measured(tmp_path: Path, clock: Clock) -> None:
    for number, settings in enumerate(({"small": 1_000}, {"index": "exact", "small": 10})):
        with open_catalog(tmp_path / str(number), **settings) as catalog:  # type: ignore[arg-type]
            catalog.create_collection("c")
            fill(catalog, range(100))
            assert catalog.indexes() == []
            assert work(tuner_of(catalog, tmp_path / "kept", clock), clock) == 0


def test_a_fault_while_measuring_costs_no_search(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    tuner = tuner_of(catalog, tmp_path / "kept", clock)
    monkeypatch.setattr("lookalike_server.catalog.tuning.EFFORTS", ())
    clock.now += QUIET
    with caplog.at_level(logging.ERROR):
        while tuner._advanced() is not None:
            pass
    assert "could not be measured" in caplog.text
    assert len(catalog.search("c", QUERY).matches) == 10


def test_efforts_ascend() -> None:
    assert list(EFFORTS) == sorted(set(EFFORTS))
