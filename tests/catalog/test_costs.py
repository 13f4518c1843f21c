import pytest

from lookalike_server.catalog.costs import Costs, Work


def taught(work: Work, seconds: float, times: int = 200) -> Costs:
    costs = Costs()
    for _ in range(times):
        costs.learn(work, 1_000, 1_000 * seconds)
    return costs


@pytest.mark.parametrize("work", Work)
def test_it_has_a_guess_of_everything(work: Work) -> None:
    assert Costs().seconds(work, 1_000) > 0


@pytest.mark.parametrize("seconds", [1e-9, 1e-3])
def test_it_comes_to_what_is_measured(seconds: float) -> None:
    assert taught(Work.HOLD, seconds).seconds(Work.HOLD, 10) == pytest.approx(10 * seconds, rel=0.01)


def test_one_kind_is_not_another() -> None:
    assert taught(Work.HOLD, 1e-3).rates()["call"] == Costs().rates()["call"]


def test_a_pause_of_the_machine_is_no_price() -> None:
    costs = taught(Work.COMPARE, 1e-6)
    costs.learn(Work.COMPARE, 1_000, 60)
    assert costs.seconds(Work.COMPARE, 1) < 1.2e-6


def test_a_machine_that_has_changed_is_followed() -> None:
    costs = taught(Work.COMPARE, 1e-6)
    for _ in range(50):
        costs.learn(Work.COMPARE, 1_000, 1_000 * 3e-6)
    assert costs.seconds(Work.COMPARE, 1) == pytest.approx(3e-6, rel=0.05)


@pytest.mark.parametrize(("units", "seconds"), [(10, 1.0), (0, 1.0), (1_000, 0.0)])
def test_what_is_too_small_to_measure_tells_nothing(units: int, seconds: float) -> None:
    costs = Costs()
    costs.learn(Work.LOOK, units, seconds)
    assert costs.rates() == Costs().rates()


def test_comparing_with_few_does_not_make_comparing_with_many_dear() -> None:
    costs = Costs()
    for _ in range(100):
        costs.learn(Work.COMPARE, 100, 3e-4)  # nearly all of it is what each search costs
    assert costs.rates() == Costs().rates()


def test_what_is_not_done_any_more_is_forgotten_slowly() -> None:
    costs, guess = taught(Work.CALL, 1.0), Costs().seconds(Work.CALL, 1)
    for _ in range(100):
        costs.learn(Work.COMPARE, 1_000, 1e-3)
    assert costs.seconds(Work.CALL, 1) > 10 * guess
    for _ in range(3_000):
        costs.learn(Work.COMPARE, 1_000, 1e-3)
    assert costs.seconds(Work.CALL, 1) < 2 * guess
