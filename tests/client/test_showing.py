"""`show`: what was found, as a notebook displays it."""

import base64
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow
from tests.client.html_pages import Page
from tests.client.nouns import TIMINGS, image
from tests.pictures import picture_bytes, write_pictures

import lookalike
from lookalike import Client, Examples, Region, StoredImage, show
from lookalike.types import DuplicateGroup, DuplicateSummary, ExactDuplicates, Match, SearchResult, Source

HOSTILE = '</style><script>alert(1)</script><img src=x onerror="alert(2)">\'"&\u202e\x1b[31m'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    write_pictures(folder, range(6))
    (folder / "copy.png").write_bytes((folder / "0001.png").read_bytes())
    return folder


@pytest.fixture(scope="module")
def client(folder: Path, target: str) -> Iterator[Client]:
    with Client(target) as client:
        assert all(not step.error for step in client.import_folder(folder, collection="shown"))
        yield client


@pytest.fixture
def result(client: Client, folder: Path) -> SearchResult:
    return client.search(folder / "0001.png", collection="shown", limit=4)


def made_up(count: int, **changes: Any) -> SearchResult:
    matches = tuple(Match(rank, 0.1 * rank, 1.0, image(**changes)) for rank in range(1, count + 1))
    return SearchResult(matches, "tiny", 7, True, TIMINGS)


def thumbnails(page: Page) -> list[Pillow.Image]:
    data = [source.removeprefix("data:image/jpeg;base64,") for source in page.attributes("src")]
    return [Pillow.open(io.BytesIO(base64.b64decode(each))) for each in data]


def test_a_result_is_shown_with_thumbnails_of_the_files_here(result: SearchResult) -> None:
    page = Page(show(result).html)
    assert [each.size for each in thumbnails(page)] == [(240, 180)] * 4
    names = [name.split("/")[-1] for name in page.attributes("alt")]
    assert names == [Path(match.image.path or "").name for match in result]
    for match in result:
        assert f"{match.rank} · {match.distance:.4f}" in page.texts
        assert any(str(match.image.path) in hint for hint in page.attributes("title"))
    assert f"generation {result.generation}" in page.text


def test_the_html_is_whole_and_fetches_nothing(result: SearchResult, client: Client, folder: Path) -> None:
    shown = show(result, query=folder / "0002.png", region=Region(0, 0, 0.5, 1), blurred=True)
    page = Page(shown.html)
    assert page.unclosed == []
    assert page.outside() == []
    assert "script" not in page.names


def test_the_query_comes_first(result: SearchResult, folder: Path) -> None:
    page = Page(show(result, query=folder / "0005.png").html)
    assert page.attributes("alt")[0].endswith("/0005.png")
    assert len(thumbnails(page)) == 5
    assert page.attributes("class").count("query") == 1


def test_the_region_is_outlined_in_the_query(result: SearchResult, folder: Path) -> None:
    whole, part = (
        Page(show(result, query=folder / "0005.png", region=region).html).attributes("src")
        for region in (None, Region(0, 0, 0.5, 0.5))
    )
    assert whole[0] != part[0]
    assert whole[1:] == part[1:]


def test_every_kind_of_query_can_be_shown(result: SearchResult, client: Client) -> None:
    match = result[0]
    for query, pictures in (
        (picture_bytes(3), 1),
        (io.BytesIO(picture_bytes(3)), 1),
        (match, 1),
        (match.image, 1),
        (StoredImage(match.image.id), 0),
        (client.embed(picture_bytes(3)), 0),
        ([0.5, 0.5], 0),
        (Examples([match, picture_bytes(2)], [StoredImage(match.image.id)]), 2),
    ):
        assert len(thumbnails(Page(show(made_up(0), query=query).html))) == pictures, query
    text = Page(show(made_up(0), query=Examples([match], [match])).html).texts
    assert (text.count("more like"), text.count("less like")) == (1, 1)


def test_images_matches_and_duplicates_can_be_shown(client: Client, result: SearchResult) -> None:
    assert len(thumbnails(Page(show(list(client.images("shown"))).html))) == 6
    assert len(thumbnails(Page(show(client.images("shown")).html))) == 6
    assert len(thumbnails(Page(show(result[0]).html))) == 1
    assert len(thumbnails(Page(show(result[:2]).html))) == 2
    page = Page(show(client.duplicates("shown", max_distance=2)).html)
    assert len(thumbnails(page)) == 1 + 6
    assert {"the same bytes at 2 places", "6 alike", "the first"} <= set(page.texts)
    assert "1 at several places, 6 in 1 group of near-duplicates" in page.text


def test_a_group_and_its_copies_can_be_shown_alone() -> None:
    group = DuplicateGroup((image(), image()), (0.0, 0.25), 2)
    assert {"2 alike", "the first", "0.2500"} <= set(Page(show(group).html).texts)
    exact = Page(show(ExactDuplicates(image())).html)
    assert {"the same bytes at 2 places", "/a/one.jpg", "/b/two.jpg"} <= set(exact.texts)
    assert "5 images" in show(DuplicateSummary(0.3, 5, 1, 2, 0, 10, 0)).html


def test_only_the_first_are_shown(client: Client) -> None:
    page = Page(show(client.images("shown"), limit=3).html)
    assert len(thumbnails(page)) == 3
    assert "The first 3" in page.texts
    assert "The first" not in Page(show(client.images("shown"), limit=6).html).text
    group = Page(show(DuplicateGroup((image(),) * 9, (0.0,) * 9, 12), limit=2).html)
    assert group.texts.count("0.0000") == 1
    assert "12 alike · the first 2" in group.texts


@pytest.mark.parametrize("thing", ["a path", [1], [None], {"a": 1}, 5, None])
def test_anything_else_is_the_programs_mistake(thing: Any) -> None:
    with pytest.raises(TypeError):
        show(thing)


def test_a_picture_that_is_not_here_is_a_frame_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(b"no picture, 12"[:12])
    gone, damaged = image(sources=(Source("/nowhere/one.jpg"),)), image(sources=(Source(str(tmp_path / "one.jpg")),))
    changed = image(sources=damaged.sources, size_bytes=99)
    page = Page(show([gone, damaged, changed]).html)
    assert thumbnails(page) == []
    for reason in ("not found on this machine", "cannot be read here", "changed since it was indexed"):
        assert reason in page.texts


def test_without_thumbnails_no_picture_is_read(result: SearchResult) -> None:
    page = Page(show(result, thumbnails=False).html)
    assert "img" not in page.names
    assert "picture" not in " ".join(page.attributes("class"))
    assert f"1 · {result[0].distance:.4f}" in page.texts


def test_what_comes_from_outside_stays_text() -> None:
    hostile = image(sources=(Source(f"/a/{HOSTILE}/one.jpg"),), labels={HOSTILE: HOSTILE}, id="ab" * 32)
    shown = show([hostile], query=f"/b/{HOSTILE}/two.jpg")
    page = Page(shown.html)
    assert page.names <= {"div", "style", "b", "figure", "figcaption", "br", "wbr"}
    assert page.unclosed == []
    assert "onerror" not in {name for _, attributes in page.tags for name in attributes}
    assert "<script>alert(1)" in page.text
    assert not {"\x1b", "\u202e"} & {*shown.html, *repr(shown)}


def test_a_terminal_gets_lines(result: SearchResult) -> None:
    lines = repr(show(result, query="/somewhere/query.jpg")).splitlines()
    assert lines[0] == "4 most alike"
    assert lines[1] == "query  somewhere/query.jpg"
    assert lines[2].startswith(f"1 · {result[0].distance:.4f}  ")
    assert len(lines) == 1 + 1 + 4 + 1


def test_a_result_shows_itself_in_a_notebook(result: SearchResult) -> None:
    assert result._repr_html_() == show(result).html
    assert Page(made_up(0)._repr_html_()).texts.count("Nothing matches.") == 1


def test_how_the_query_was_turned_is_told() -> None:
    plain, mirrored, both = (
        Match(1, 0.5, 1.0, image(), mirrored=mirrored, turned=turned)
        for mirrored, turned in ((False, 0), (True, 0), (True, 90))
    )
    assert [line.split("  ")[0] for line in repr(show([plain, mirrored, both])).splitlines()] == [
        "1 · 0.5000",
        "1 · 0.5000 · mirrored",
        "1 · 0.5000 · mirrored and turned 90°",
    ]


def test_blurred_thumbnails_are_marked(result: SearchResult) -> None:
    assert "row blurred" in Page(show(result, blurred=True).html).attributes("class")
    assert "row blurred" not in Page(show(result).html).attributes("class")


def test_without_pillow_frames_say_what_is_missing(folder: Path) -> None:
    """As where the SDK alone is installed."""
    code = f"""
import sys
sys.modules["PIL"] = None
from lookalike import show
print(show([], query={str(folder / "0001.png")!r}).html)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    page = Page(done.stdout)
    assert "thumbnails need Pillow" in page.texts
    assert "img" not in page.names


def test_show_is_loaded_when_it_is_asked_for() -> None:
    code = (
        "import sys, lookalike; lookalike.show; sys.exit(any(name in sys.modules for name in ('PIL', 'grpc', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert "show" in lookalike.__all__
