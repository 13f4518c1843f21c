"""The bounds on memory: who may pass whom."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lookalike_server.pipeline.budget import PixelBudget


@contextmanager
def asking(budget: PixelBudget, pixels: int) -> Iterator[threading.Event]:
    """A thread that asks for so many; gives what is set once it has them."""
    has, enough = threading.Event(), threading.Event()

    def ask() -> None:
        with budget.taken(pixels):
            has.set()
            enough.wait(10)

    threading.Thread(target=ask, daemon=True).start()
    yield has
    enough.set()


def test_small_ones_pass_a_large_one_that_waits() -> None:
    budget = PixelBudget(10, patience=1000.0)
    with budget.taken(5), asking(budget, 10) as large, asking(budget, 2) as small:
        assert small.wait(10)
        assert not large.is_set()


def test_a_large_one_is_not_passed_over_for_ever() -> None:
    budget = PixelBudget(10, patience=0.0)
    with asking(budget, 2) as last:
        assert last.wait(10)
        with asking(budget, 10) as large:
            while not budget._waiting:
                pass
            with asking(budget, 2) as late:
                while len(budget._waiting) < 2:
                    pass
                assert not late.is_set(), "there is room, but somebody was here before"
                assert not large.is_set()
