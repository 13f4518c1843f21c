import logging
import threading

import pytest

from lookalike_server.catalog.indexer import Indexer


class Work:
    def __init__(self, steps: int, order: list["Work"]) -> None:
        self.left = steps
        self.order = order

    def advance(self) -> bool:
        self.order.append(self)
        self.left -= 1
        return self.left > 0


class Broken:
    def advance(self) -> bool:
        raise ValueError("broken")


class Gate:
    """Is fed again while its step is under way."""

    def __init__(self) -> None:
        self.entered, self.leave, self.steps = threading.Event(), threading.Event(), 0

    def advance(self) -> bool:
        self.steps += 1
        self.entered.set()
        self.leave.wait(10)
        return False


def test_all_that_is_behind_takes_turns() -> None:
    indexer, order, gate = Indexer(), list[Work](), Gate()
    indexer.feed(gate)
    assert gate.entered.wait(10)
    one, other = Work(3, order), Work(2, order)
    indexer.feed(one)
    indexer.feed(other)
    gate.leave.set()
    assert indexer.settle(10)
    assert order == [one, other, one, other, one]
    indexer.close()


def test_food_that_comes_during_a_step_is_not_forgotten() -> None:
    indexer, gate = Indexer(), Gate()
    indexer.feed(gate)
    assert gate.entered.wait(10)
    indexer.feed(gate)
    gate.leave.set()
    assert indexer.settle(10)
    assert gate.steps == 2
    indexer.close()


def test_a_failure_is_logged_and_stops_its_own_only(caplog: pytest.LogCaptureFixture) -> None:
    indexer, order = Indexer(), list[Work]()
    with caplog.at_level(logging.ERROR):
        indexer.feed(Broken())
        indexer.feed(Work(2, order))
        assert indexer.settle(10)
    indexer.close()
    assert len(order) == 2
    assert "indexing stopped" in caplog.text


def test_settle_gives_up_in_time() -> None:
    indexer, gate = Indexer(), Gate()
    indexer.feed(gate)
    assert not indexer.settle(0)
    gate.leave.set()
    indexer.close()


def test_what_can_wait_waits_and_is_waited_for_by_nobody() -> None:
    indexer, order = Indexer(), list[Work]()
    now, later = Work(1, order), Work(1, order)
    indexer.feed(later, after=3_600)
    indexer.feed(now)
    assert indexer.settle(10)
    assert order == [now]
    indexer.close()
    assert order == [now]


def test_what_waited_gets_its_turn_once_it_is_fed_no_more() -> None:
    indexer, gate = Indexer(), Gate()
    gate.leave.set()
    indexer.feed(gate, after=3_600)
    indexer.feed(gate, after=0.001)
    assert gate.entered.wait(10)
    assert indexer.settle(10)
    indexer.close()
    assert gate.steps == 1


def test_food_puts_off_what_waits() -> None:
    indexer, order, gate = Indexer(), list[Work](), Gate()
    indexer.feed(gate)
    assert gate.entered.wait(10)
    indexer.feed(one := Work(1, order), after=0.001)
    indexer.feed(one, after=3_600)
    gate.leave.set()
    assert indexer.settle(10)
    indexer.close()
    assert order == []
