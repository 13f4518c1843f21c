"""The corpus against a real server, and docs/damaged.md against what became of it."""

from collections import Counter
from pathlib import Path

import pytest
from tests.corpus import inside
from tests.corpus.cut import jpeg_segments, png_chunks
from tests.corpus.names import NAMES
from tests.corpus.run import COLLECTION, expected, good, items, outcomes, run, specimens
from tests.corpus.seeds import seeds
from tests.corpus.specimen import TAKEN
from tests.corpus.table import page

from lookalike import Client
from lookalike_server.testing import serve

PAGE = Path(__file__).parents[2] / "docs" / "damaged.md"


@pytest.fixture(scope="module")
def found() -> tuple[list[str], list[str]]:
    return run()


def test_each_file_fares_as_it_must(found: tuple[list[str], list[str]]) -> None:
    wrong = {
        f"{specimen.group}: {specimen.what}": outcome
        for specimen, outcome in zip(specimens(), found[0], strict=True)
        if outcome != expected(specimen)
    }
    assert wrong == {}


def test_every_good_picture_between_them_arrives(found: tuple[list[str], list[str]]) -> None:
    assert set(found[1]) == {TAKEN}
    assert len(found[1]) >= len(specimens()) / 5


def test_the_page_says_what_was_found(found: tuple[list[str], list[str]]) -> None:
    for extra in ("imagecodecs", "rawpy", "pypdfium2", "cv2"):
        pytest.importorskip(extra)
    written = page(specimens(), found[0], inside.outcomes())
    assert written == PAGE.read_text(), "run: python -m tests.corpus > docs/damaged.md"


def test_the_corpus_is_what_it_says() -> None:
    assert len(specimens()) >= 60
    names = [(specimen.group, specimen.what) for specimen in specimens()]
    assert len(set(names)) == len(names)
    contents = Counter(specimen.content for specimen in specimens())
    assert max(contents.values()) == 1, "two of the same bytes would be one image"
    assert {"IHDR", "eXIf", "IDAT", "IEND"} <= set(png_chunks(seeds()["png"]))
    assert {"APP0", "APP1 (EXIF)", "DQT", "SOF0", "DHT", "SOS"} <= set(jpeg_segments(seeds()["jpg"]))


def test_a_server_that_saw_the_corpus_still_searches_and_kept_paths_as_words() -> None:
    with serve() as target, Client(target) as looks:
        outcomes(looks)
        match = looks.search(good(0), collection=COLLECTION, limit=1)[0]
        assert (match.distance, match.image.path) == (0, "good/000")
        kept = {source.path for image in looks.images(COLLECTION) for source in image.sources}
    wanted = {path.encode(errors="replace").decode() for _, path, outcome in NAMES if outcome == TAKEN}
    assert {path.replace("\N{REPLACEMENT CHARACTER}", "?") for path in kept} >= wanted


def test_every_fifth_item_of_the_stream_is_followed_by_a_good_picture() -> None:
    paths = [item.path or "" for item in items()]
    assert sum(path.startswith("good/") for path in paths) == len(paths) - len(specimens())
