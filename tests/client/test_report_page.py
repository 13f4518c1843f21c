"""The page of a report: it needs nothing, runs nothing, and shows what it is given as text."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from tests.client.html_pages import Page
from tests.client.report_makers import HOSTILE, NOON, match, report, result

from lookalike import Filter, Region, ScenePreference
from lookalike.reports import Answer, Asked, Failure, Question, Report, Terms, Thumbnail, page, to_json
from lookalike.types import Scene

JPEG = b"\xff\xd8 as small as it gets"


def html(whole: Report, thumbnails: dict[str, Thumbnail] | None = None, *, blurred: bool = True) -> str:
    return "".join(page(whole, to_json(whole), thumbnails, blurred=blurred))


@pytest.fixture
def hostile() -> Report:
    """A report all of whose texts come from somebody who means ill."""
    found = match(1, 0.25, labels={HOSTILE: HOSTILE}, scenes=(Scene(HOSTILE, 0.5),), format=HOSTILE)
    question = Question((Asked("a" * 64, HOSTILE),), (Asked("b" * 64),))
    answers = (
        Answer(question, result(matches=(found,), model_id=HOSTILE, query_scenes=(Scene(HOSTILE, 0.5),))),
        Answer(question, error=Failure("A", HOSTILE, HOSTILE)),
    )
    return report(answers=answers, terms=Terms(filter=Filter(path_prefix=HOSTILE), region=Region(0, 0, 1, 0.5)))


@pytest.mark.parametrize("thumbnails", [None, {"a" * 64: Thumbnail(JPEG), "b" * 64: Thumbnail(missing=HOSTILE)}])
def test_a_hostile_report_is_text_and_nothing_else(hostile: Report, thumbnails: dict[str, Thumbnail] | None) -> None:
    written = html(hostile, thumbnails)
    parsed = Page(written)
    assert parsed.unclosed == []
    assert parsed.outside() == []
    assert not parsed.names & {"script", "link", "iframe", "object", "embed", "base", "form", "svg", "a"}
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
    assert not any(letter in written for letter in "\u202e\x1b\udcff")
    assert parsed.text.count("<script>alert(1)</script>") > 10
    written.encode()


def test_the_policy_forbids_what_the_page_does_not_need() -> None:
    (policy,) = (
        attributes["content"]
        for tag, attributes in Page(html(report())).tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none';")
    assert "script-src" not in policy
    assert "img-src data:;" in policy


def test_it_says_what_the_answers_stand_on() -> None:
    terms = Terms(3, Region(0, 0, 0.5, 1), Filter(path_prefix="/x"), ScenePreference(("bar",)), 1.5, 0.25)
    text = Page(html(report(result(0.125, 0.5, more_within=True), terms=terms))).text
    said = [
        *("2024-05-01 12:30:15 UTC", "trip: 100 images, generation 7", "exact: every image compared", "pillow 12"),
        *("left=0, top=0, right=0.5, bottom=1", "path_prefix=/x", "scenes=[bar]", "1.5", "0.25", "localhost:50051"),
        *("/q.jpg", f"SHA-256 {'a' * 64}", "0.125000", "0.992188", "/photos/2.jpg", f"{2:0>64}", "tiny-1"),
        "More lie within that distance.",
    ]
    for words in said:
        assert words in text, words


def test_thumbnails_are_in_the_page_and_what_is_absent_is_a_frame_with_its_reason() -> None:
    thumbnails = {"a" * 64: Thumbnail(JPEG), f"{1:0>64}": Thumbnail(JPEG), f"{2:0>64}": Thumbnail(missing="burnt")}
    parsed = Page(html(report(result(0.1, 0.2, 0.3)), thumbnails))
    assert parsed.pictures() == [JPEG, JPEG]
    assert [each for each in parsed.attributes("class") if each.startswith("picture")] == ["picture p1", "picture p2"]
    assert "burnt" in parsed.texts
    assert "not found on this machine" in parsed.texts
    assert Page(html(report())).pictures() == []


def test_a_picture_that_is_found_again_and_again_is_in_the_page_once() -> None:
    question = Question((Asked("a" * 64, "/q.jpg"),))
    answers = tuple(Answer(question, result(0.1, 0.2)) for _ in range(50))
    parsed = Page(html(report(answers=answers), {f"{1:0>64}": Thumbnail(JPEG), "a" * 64: Thumbnail(JPEG)}))
    assert parsed.pictures() == [JPEG, JPEG]
    assert parsed.attributes("class").count("picture p1") == parsed.attributes("class").count("picture p2") == 50


@pytest.mark.parametrize("blurred", [True, False])
def test_pictures_are_blurred_until_the_switch_is_on(blurred: bool) -> None:
    parsed = Page(html(report(), {}, blurred=blurred))
    (switch,) = (attributes for tag, attributes in parsed.tags if tag == "input")
    assert (switch["type"], "checked" in switch) == ("checkbox", not blurred)
    assert "#show:not(:checked) ~ main .picture { filter: blur(16px) }" in parsed.text
    assert "input" not in Page(html(report())).names


def test_a_time_that_may_be_the_files_is_not_called_that_of_the_camera() -> None:
    text = Page(html(report(result(matches=(match(1, 0.5, captured=NOON),))))).text
    assert "dated 2024-05-01 12:30" in text
    assert "taken" not in text


def test_how_the_query_was_altered_is_told() -> None:
    found = result(matches=(replace(match(1, 0.5), turned=270, mirrored=True), match(2, 0.6)))
    text = Page(html(report(found, terms=Terms(tta=True)))).text
    assert text.count("query mirrored and turned 270°") == 1
    assert "Turned, mirrored" in text


def test_a_report_without_matches_is_whole() -> None:
    parsed = Page(html(report(result())))
    assert parsed.unclosed == []
    assert "table" not in parsed.names


def test_it_parses_without_character_references_left_over(hostile: Report) -> None:
    """An escape escaped twice would show as one."""

    class Texts(HTMLParser):
        def handle_data(self, data: str) -> None:
            assert "&amp;" not in data

    Texts().feed(html(hostile))
