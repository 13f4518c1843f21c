"""Answers as rows: every cell where its heading says, and none that a spreadsheet would run."""

from dataclasses import replace

import pytest
from tests.client.report_makers import match, result

from lookalike.reports import COLUMNS, Answer, Asked, Question, rows
from lookalike.types import Scene, Source


def row(**changes: object) -> dict[str, object]:
    question = Question((Asked("a" * 64, "/q.jpg"),))
    (only,) = rows(Answer(question, result(matches=(match(1, 0.5, "x", **changes),))))
    return dict(zip(COLUMNS, only, strict=True))


def test_every_cell_stands_under_its_heading() -> None:
    facts = {"labels": {"b": "2", "a": "1"}, "scenes": (Scene("pier", 0.75), Scene("bar", 0.125))}
    cells = row(**facts, width=4, height=3, format="PNG", captured=None)
    assert cells["query"] == "/q.jpg"
    assert cells["query_sha256"] == "a" * 64
    assert (cells["rank"], cells["distance"], cells["score"]) == (1, 0.5, 0.875)
    assert cells["image_id"] == f"{'x':0>64}"
    assert cells["paths"] == "/photos/x.jpg"
    assert (cells["width"], cells["height"], cells["format"], cells["captured"]) == (4, 3, "PNG", "")
    assert cells["scenes"] == "pier 0.750 | bar 0.125"
    assert cells["labels"] == "a=1 | b=2"
    assert (cells["model_id"], cells["generation"]) == ("tiny-1", 7)
    assert (cells["turned"], cells["mirrored"]) == (0, 0)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\n@", "\N{FULLWIDTH EQUALS SIGN}"])
def test_no_text_is_a_formula(start: str) -> None:
    text = f"{start}HYPERLINK(1)"
    cells = rows(Answer(Question((Asked("", text),)), result(matches=(match(1, 0.5, format=text),))))
    named = dict(zip(COLUMNS, next(cells), strict=True))
    assert str(named["query"]).startswith("'")
    assert str(named["format"]).startswith("'")
    assert str(row(labels={text: ""})["labels"]).startswith("'")


def test_numbers_stay_numbers_below_zero() -> None:
    opposite = replace(match(1, 2.0), score=-1.0)
    (cells,) = rows(Answer(Question((Asked("a" * 64),)), result(matches=(opposite,))))
    assert cells[COLUMNS.index("score")] == -1.0
    assert cells[0] == f"id:{'a' * 64}"


def test_what_cannot_be_encoded_and_what_steers_terminals_is_marked() -> None:
    cells = row(labels={"k": "\x1b[31m\udcff\u202e"})
    assert str(cells["labels"]) == "k=\ufffd[31m\ufffd\ufffd"


def test_how_the_query_was_altered_is_told() -> None:
    (cells,) = rows(
        Answer(Question((Asked("a" * 64),)), result(matches=(replace(match(1, 0.5), turned=270, mirrored=True),)))
    )
    assert cells[-3:-1] == [270, 1]


def test_folded_matches_follow_theirs() -> None:
    folded = replace(match(1, 0.1, "a"), similar=(match(0, 0.12, "b"),))
    places = [COLUMNS.index(name) for name in ("rank", "similar_to", "image_id")]
    table = list(rows(Answer(Question((Asked("a" * 64),)), result(matches=(folded, match(2, 0.2, "c"))))))
    assert [[each[place] for place in places] for each in table] == [
        [1, None, f"{'a':0>64}"],
        [None, 1, f"{'b':0>64}"],
        [2, None, f"{'c':0>64}"],
    ]


def test_several_paths_stand_in_one_cell() -> None:
    named = match(1, 0.5, "x")
    two = replace(named, image=replace(named.image, sources=(Source("/a.jpg"), Source("/b.jpg"))))
    (cells,) = rows(Answer(Question((Asked("a" * 64),)), result(matches=(two,))))
    assert cells[COLUMNS.index("paths")] == "/a.jpg | /b.jpg"
