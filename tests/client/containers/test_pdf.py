"""Pages of PDFs as pictures."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from tests.client.containers.makers import LIMIT, outcomes, write_pages

from lookalike import containers
from lookalike.containers import pdf
from lookalike.errors import SourceVanished


def test_every_page_is_a_picture_of_1500_pixels(tmp_path: Path) -> None:
    path = write_pages(tmp_path / "a.pdf", range(3))
    found = outcomes(path)
    assert list(found) == ["#page=1", "#page=2", "#page=3"]
    for content in found.values():
        assert isinstance(content, bytes)
        with Image.open(io.BytesIO(content)) as page:
            assert (page.format, page.size) == ("PNG", (1500, 1125))
    assert len(set(found.values())) == 3


def test_a_page_gives_the_same_bytes_again_in_another_process(tmp_path: Path) -> None:
    path = write_pages(tmp_path / "a.pdf", range(2))
    found = outcomes(path)
    probe = f"import sys; from lookalike import containers; r = containers.read({str(path)!r} + '#page=2', {LIMIT})"
    done = subprocess.run(
        [sys.executable, "-c", f"{probe}; sys.stdout.buffer.write(r)"], capture_output=True, check=True
    )
    assert done.stdout == found["#page=2"]


def test_a_page_that_is_not_there_has_vanished(tmp_path: Path) -> None:
    path = write_pages(tmp_path / "a.pdf", range(2))
    for page in (0, 3, 999_999_999):
        with pytest.raises(SourceVanished, match="has no page"):
            containers.read(f"{path}#page={page}", LIMIT)


def test_pages_beyond_the_most_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MOST", 2)
    found = outcomes(write_pages(tmp_path / "a.pdf", range(3)))
    assert list(found) == ["#page=1", "#page=2", ""]
    assert "has 3 pages" in str(found[""])


def test_a_page_over_the_limit_is_told(tmp_path: Path) -> None:
    path = write_pages(tmp_path / "a.pdf", range(2))
    errors = [member.error for member in containers.members(path, 1_000)]
    assert all("the server accepts 1,000" in str(error) for error in errors)
