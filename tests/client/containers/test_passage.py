"""One pass over members: forward, and a little back."""

from collections.abc import Iterator

from lookalike.containers import Member
from lookalike.containers.passage import HELD, Passage

LARGE = bytes(HELD // 4)


def members(count: int, picture: bytes = b"small") -> Iterator[Member]:
    return (Member(f"{number}", picture) for number in range(count))


def test_what_follows_and_what_was_passed_is_found() -> None:
    passage = Passage(members(10))
    for path in ("3", "1", "3", "9", "0"):
        member = passage.find(path)
        assert member is not None
        assert member.path == path


def test_what_is_not_there_is_not_found() -> None:
    passage = Passage(members(10))
    assert passage.find("10") is None
    assert passage.find("9") is not None


def test_only_so_many_bytes_are_remembered() -> None:
    passage = Passage(members(10, LARGE))
    assert passage.find("9") is not None
    assert [number for number in range(10) if passage.find(str(number))] == [6, 7, 8, 9]
