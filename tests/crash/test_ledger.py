"""What was acknowledged must be there, what was under way whole or not at all, and all else is a fault."""

import pytest
from tests.crash.ledger import Change, Key, Ledger

ONE, TWO = ("c", "1"), ("c", "2")


@pytest.fixture
def ledger() -> Ledger:
    """Two images that were acknowledged."""
    made = Ledger()
    for key in (ONE, TWO):
        change: Change = {key: "old"}
        made.begin(change)
        made.confirm(change)
    return made


def test_what_was_acknowledged_must_be_there(ledger: Ledger) -> None:
    assert ledger.settle({ONE: "old", TWO: "old"}) == []
    assert len(ledger.settle({ONE: "old"})) == len(ledger.settle({ONE: "old", TWO: "new"})) == 1


def test_what_nobody_brought_must_not(ledger: Ledger) -> None:
    assert len(ledger.settle({ONE: "old", TWO: "old", ("c", "3"): "new"})) == 1


@pytest.mark.parametrize("actual", [{ONE: "old", TWO: "old"}, {}])
def test_what_was_under_way_may_be_there_or_not(ledger: Ledger, actual: dict[Key, str]) -> None:
    ledger.begin(ledger.removal("c"))
    assert ledger.settle(actual) == []
    assert ledger.settle(actual) == [], "and is then as it was found"
    assert (ledger.applied, ledger.dropped) == ((0, 1) if actual else (1, 0))


def test_half_of_it_is_a_fault(ledger: Ledger) -> None:
    ledger.begin(ledger.removal("c", ["1", "2"]))
    assert ledger.settle({ONE: "old"})[0].startswith("half applied")


def test_what_was_deleted_must_not_return(ledger: Ledger) -> None:
    change = ledger.removal("c", ["1"])
    ledger.begin(change)
    ledger.confirm(change)
    assert ledger.settle({TWO: "old"}) == []
    assert len(ledger.settle({ONE: "old", TWO: "old"})) == 1
    assert ledger.deleted == [ONE]
