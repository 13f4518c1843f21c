"""One kill in the suite, as `make crash` does many; and that its witness sees what is wrong."""

from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from tests.catalog.catalog_makers import tamper
from tests.crash import witness
from tests.crash.board import Board
from tests.crash.callers import Churner
from tests.crash.ledger import Ledger
from tests.crash.rounds import Rounds
from tests.rpc.conftest import Doors

from lookalike_server.testing import serve

MODELS = "tiny,tiny:32"


def test_a_server_keeps_its_word_through_a_kill(tmp_path: Path) -> None:
    with closing(Rounds(tmp_path, seed=5)) as rounds:
        rounds.run(1)
    assert rounds.ledger.confirmed > 0
    assert rounds.aimed.total() == 1


@pytest.fixture
def filled(tmp_path: Path) -> tuple[Path, Ledger]:
    """A stopped server's folder with a collection of 20 images, and what its caller was told."""
    ledger = Ledger()
    with serve(data=tmp_path, model=MODELS) as target:
        caller = Churner(0, target, ledger, Board(), count())
        caller.doors = Doors(target)
        with caller.doors.channel:
            caller.make()
            caller.bring(21)
            caller.delete(caller.mine()[-1:])
    return tmp_path, ledger


def test_nothing_is_wrong_with_a_folder_as_it_was_left(filled: tuple[Path, Ledger]) -> None:
    folder, ledger = filled
    with serve(data=folder, model=MODELS) as target:
        assert witness.faults(target, ledger) == []


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM labels WHERE serial = 3", "was acknowledged as"),
        ("DELETE FROM sources WHERE serial = 3", "was acknowledged as"),
        ("DELETE FROM images WHERE serial = 3", "None, and was acknowledged as"),
        ("UPDATE collections SET image_count = 7", "counts 7 images and lists 20"),
        ("UPDATE vectors SET float32_le = (SELECT max(float32_le) FROM vectors)", "does not find"),
    ],
)
def test_the_witness_sees_what_is_wrong(filled: tuple[Path, Ledger], statement: str, fault: str) -> None:
    folder, ledger = filled
    tamper(folder, statement)
    with serve(data=folder, model=MODELS) as target:
        assert any(fault in found for found in witness.faults(target, ledger))
