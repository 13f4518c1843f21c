"""The connection breaks: in every way, at every moment, several times over; callers get all they asked for."""

from pathlib import Path

import pytest
from tests.client.faces import Connect
from tests.client.imported import nothing_lost_nothing_doubled
from tests.client.wire import Cut, How, Side, Wire
from tests.pictures import picture_bytes, write_pictures

from lookalike import _channel, _patience, errors
from lookalike.types import ImportProgress, SearchResult

COUNT = 150
"""Pictures: more than two windows hold."""
HEAD = (0, 100, 160, 170, 200, 300)
"""Bytes from a server after which a connection breaks: before an answer, in its headers, and in its message."""


ENDS = [How.CLOSED, pytest.param(How.RESET, marks=pytest.mark.slow)]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Pictures in their order."""
    return write_pictures(tmp_path_factory.mktemp("many"), range(1000, 1000 + COUNT))


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients pause a tenth as long before they try again."""
    monkeypatch.setattr(_patience, "_FIRST", 0.025)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says nothing is given up after two seconds, where it is twenty otherwise."""
    monkeypatch.setattr(_channel, "QUIET", 1.0)


def third(paths: list[Path]) -> int:
    """A third of their bytes."""
    return sum(path.stat().st_size for path in paths) // 3


def import_through(
    cuts: list[Cut], connect: Connect, target: str, collection: str, paths: list[Path]
) -> list[ImportProgress]:
    """Bring pictures in over connections of which each but the last is cut: nothing may be lost or doubled."""
    with Wire(target, *cuts) as wire:
        looks = connect(wire.target)
        done = list(looks.import_images(paths, collection=collection))
        looks.close()
        assert wire.connections == len(cuts) + 1
    nothing_lost_nothing_doubled(connect(target), collection, paths, done)
    return done


@pytest.mark.parametrize("how", ENDS)
def test_an_import_whose_pictures_are_cut_off_again_and_again_is_whole(
    connect: Connect, target: str, collection: str, many: list[Path], how: How
) -> None:
    part = third(many) // 3
    import_through([Cut(after, how=how) for after in (100, part, part, part)], connect, target, collection, many)


@pytest.mark.parametrize("how", ENDS)
def test_acknowledgements_that_are_lost_lose_and_double_nothing(
    connect: Connect, target: str, collection: str, many: list[Path], how: How
) -> None:
    # A whole window is acknowledged by 64 messages of 90 bytes or more: a thousand lost ones hold several.
    cuts = [Cut(after, Side.SERVER, how, lost=1_000) for after in (1_000, 2_000, 3_000)]
    done = import_through(cuts, connect, target, collection, many)
    # Each file is another picture: one that was there already was brought by this import, unbeknown to it.
    assert [each for each in done if each.outcome == "existed"]


@pytest.mark.parametrize("after", [0, 30, 160, 400])
def test_an_import_may_lose_its_connection_before_it_has_begun(
    connect: Connect, target: str, collection: str, many: list[Path], after: int
) -> None:
    cuts = [Cut(after + more, Side.SERVER) for more in (0, 20, 40)]
    import_through(cuts, connect, target, collection, many[:5])


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.usefixtures("impatient")
def test_a_connection_that_stands_and_carries_nothing_is_found_out(
    connect: Connect, target: str, collection: str, many: list[Path], side: Side
) -> None:
    after = third(many) if side is Side.CLIENT else 2_000
    import_through([Cut(after, side, How.SILENT)], connect, target, collection, many)


@pytest.mark.parametrize("how", ENDS)
def test_many_searches_over_a_connection_that_breaks_are_each_answered_once(
    connect: Connect, target: str, collection: str, many: list[Path], how: How
) -> None:
    list(connect(target).import_folder(many[0].parent, collection=collection))
    part = third(many) // 2
    with Wire(target, Cut(part, how=how), Cut(3_000, Side.SERVER, how, lost=1_000), Cut(part, how=how)) as wire:
        looks = connect(wire.target)
        answers = list(looks.search_many(many, collection=collection, limit=1))
        looks.close()
        assert wire.connections == 4
    found = {path: result[0].image.path for path, result in answers if isinstance(result, SearchResult)}
    assert (len(answers), found) == (COUNT, {path: path.as_posix() for path in many})


def test_a_listing_over_a_connection_that_breaks_is_whole(
    connect: Connect, target: str, collection: str, many: list[Path]
) -> None:
    straight = connect(target)
    list(straight.import_folder(many[0].parent, collection=collection))
    with Wire(target, *(Cut(after, Side.SERVER) for after in (8_000, 3_000, 200, 170))) as wire:
        looks = connect(wire.target)
        listed = list(looks.images(collection, page_size=10))
        looks.close()
        assert wire.connections == 5
    assert listed == list(straight.images(collection))


def test_a_reembedding_over_a_connection_that_breaks_is_whole(
    connect: Connect, target: str, collection: str, many: list[Path]
) -> None:
    straight = connect(target)
    list(straight.import_folder(many[0].parent, collection=collection))
    with Wire(target, Cut(third(many)), Cut(2_000, Side.SERVER, lost=1_000), Cut(third(many))) as wire:
        looks = connect(wire.target)
        steps = list(looks.reembed(collection, model="tiny:32"))
        looks.close()
        assert wire.connections == 4
    assert [(each.done, each.total, each.error) for each in steps] == [
        (number, COUNT, None) for number in range(1, COUNT + 1)
    ]
    assert len({each.image_id for each in steps}) == COUNT
    assert straight.search(many[7], collection=collection)[0].distance == 0


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("after", HEAD)
def test_an_answer_that_breaks_off_is_asked_for_again(connect: Connect, target: str, how: How, after: int) -> None:
    with Wire(target, *(Cut(after + more, Side.SERVER, how) for more in (0, 20))) as wire:
        looks = connect(wire.target)
        looks._max_image_bytes = 1 << 20
        assert len(looks.embed(picture_bytes(1)).vector) == 64
        looks.close()
        assert wire.connections == 3


def test_what_must_not_be_done_twice_is_done_once_though_its_answer_is_lost(
    connect: Connect, target: str, collection: str
) -> None:
    # The first answer ends within its first 160 bytes, the second loses its message.
    straight = connect(target)
    (done,) = straight.import_images([picture_bytes(1)], collection=collection)
    with Wire(target, Cut(170, Side.SERVER)) as wire:
        looks = connect(wire.target)
        with pytest.raises(errors.ConnectionBroken, match="broke before it answered"):
            looks.delete_images([done.image_id or ""], collection=collection)
        looks.close()
        assert wire.connections == 1
    assert list(straight.images(collection)) == []


@pytest.mark.usefixtures("impatient")
def test_a_call_to_a_server_that_fell_silent_is_made_again_within_its_deadline(connect: Connect, target: str) -> None:
    with Wire(target, Cut(170, Side.SERVER, How.SILENT)) as wire:
        looks = connect(wire.target)
        assert looks.server_info().ready
        looks.close()
        assert wire.connections == 2
