import pytest

from lookalike_server.errors import QueueFull
from lookalike_server.load import resident_bytes
from lookalike_server.metrics import BULK, INTERACTIVE, MIXED, SECONDS, Histogram, Metrics, Passes
from lookalike_server.pipeline.lane import Lane
from lookalike_server.stages import Timings


def test_a_measurement_falls_into_the_range_that_its_bound_ends() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 2.5):
        histogram.observe(value)
    assert histogram.counts == [2, 2, 1]
    assert histogram.sum == 7.5


def test_bounds_of_times_reach_from_half_a_millisecond_to_half_a_minute() -> None:
    assert (SECONDS[0], SECONDS[-1]) == (0.0005, 30.0)
    assert list(SECONDS) == sorted(SECONDS)


@pytest.mark.parametrize(
    ("lanes", "mix"),
    [
        ([Lane.INTERACTIVE], INTERACTIVE),
        ([Lane.BULK, Lane.BULK], BULK),
        ([Lane.INTERACTIVE, Lane.BULK, Lane.BULK], MIXED),
    ],
)
def test_a_pass_is_counted_by_whose_pictures_were_in_it(lanes: list[Lane], mix: str) -> None:
    passes = Passes()
    passes.ran(lanes, 0.1)
    assert {name for name, rows in passes.rows.items() if sum(rows.counts)} == {mix}
    assert {name for name, times in passes.seconds.items() if sum(times.counts)} == {mix}
    assert passes.rows[mix].sum == len(lanes)
    assert {lane: passes.embedded[lane] for lane in Lane} == {lane: lanes.count(lane) for lane in Lane}


def test_requests_are_counted_by_how_they_ended_and_times_by_the_stages_that_were_passed() -> None:
    metrics, timings = Metrics(), Timings()
    timings.decode, timings.index = 0.25, 0.5
    metrics.answered("Search", None)
    metrics.answered("Search", QueueFull("later", 1.0))
    metrics.timed("Search", Lane.BULK, timings)
    assert metrics.requests == {("Search", "OK", ""): 1, ("Search", "RESOURCE_EXHAUSTED", "QUEUE_FULL"): 1}
    assert {stage: times.sum for stage, times in metrics.stages[Lane.BULK].items()} == {
        "decode": 0.25,
        "queue": 0.0,
        "embed": 0.0,
        "index": 0.5,
    }
    assert not any(sum(times.counts) for times in metrics.stages[Lane.INTERACTIVE].values())
    assert sum(metrics.stages[Lane.BULK]["queue"].counts) == 0
    assert sum(metrics.seconds["Search"].counts) == 1


def test_memory_is_told_on_any_system(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    here = resident_bytes()
    monkeypatch.setattr("lookalike_server.load.STATM", tmp_path / "none")  # type: ignore[operator]
    assert 10_000_000 < here < 2 * resident_bytes() < 100_000_000_000
