"""Names of members: nothing in them steers a terminal or leads out of the archive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.containers.names import Unique, cleaned, is_hidden


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("album/1.jpg", "album/1.jpg"),
        ("../../etc/1.jpg", "etc/1.jpg"),
        ("/etc/1.jpg", "etc/1.jpg"),
        ("C:\\Users\\me\\1.jpg", "Users/me/1.jpg"),
        ("a/./b//../1.jpg", "a/b/1.jpg"),
        ("a\x1b[2J\r\n.jpg", "a_[2J__.jpg"),
        ("caf\udce9.jpg", "caf\N{REPLACEMENT CHARACTER}.jpg"),
        ("..", ""),
    ],
)
def test_tricks_are_taken_out(name: str, clean: str) -> None:
    assert cleaned(name) == clean


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_the_name_it_stays_inside(name: str) -> None:
    clean = cleaned(name)
    assert not clean.startswith("/")
    assert ".." not in clean.split("/")
    assert "\0" not in clean
    clean.encode()
    assert cleaned(clean) == clean


@pytest.mark.parametrize("name", [".a.jpg", "x/.thumbs/a.jpg", "__MACOSX/a.jpg", "__MACOSX/._a.jpg"])
def test_what_nobody_means_to_see_is_hidden(name: str) -> None:
    assert is_hidden(name)


def test_names_that_occur_twice_are_told_apart() -> None:
    unique = Unique()
    given_ = ["a/x.jpg", "a/x.jpg", "a/x~2.jpg", "a/x.jpg", "b/x.jpg"]
    assert list(map(unique, given_)) == ["a/x.jpg", "a/x~2.jpg", "a/x~2~2.jpg", "a/x~3.jpg", "b/x.jpg"]


def test_telling_many_apart_stays_quick() -> None:
    unique = Unique()
    assert len({unique("x.jpg") for _ in range(50_000)}) == 50_000
