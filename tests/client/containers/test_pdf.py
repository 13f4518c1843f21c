"""Pages of PDFs as pictures."""

import io
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image
from tests.client.containers.makers import LIMIT, outcomes, write_pages

from lookalike import containers
from lookalike.containers import pdf, pdf_page
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


def test_a_page_that_takes_too_long_is_told_and_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_page, "PATIENCE", 0.0)
    told = str(outcomes(crowded(tmp_path / "a.pdf"))["#page=1"])
    assert re.search("a.pdf#page=1 cannot be read: to draw it takes more than 0 seconds: save", told)


def test_a_page_that_takes_long_is_left_by_ctrl_c(tmp_path: Path) -> None:
    path = crowded(tmp_path / "a.pdf")
    code = f"""
import signal
from pypdfium2 import PdfDocument
from lookalike.containers import pdf_page
page = PdfDocument({str(path)!r})[0]
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.1)
pdf_page.drawn(page, 1_500)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=20)
    assert "KeyboardInterrupt" in done.stderr
    assert "ignored" not in done.stderr


def crowded(path: Path) -> Path:
    """A page of 300,000 lines in 14 kB: a minute's work."""
    lines = zlib.compress(b"0 0 m 600 800 l S\n" * 300_000)
    path.write_bytes(
        b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<<>>>>endobj\n"
        b"4 0 obj<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%%%EOF\n"
        % (len(lines), lines)
    )
    return path


def test_a_page_over_the_limit_is_told(tmp_path: Path) -> None:
    path = write_pages(tmp_path / "a.pdf", range(2))
    errors = [member.error for member in containers.members(path, 1_000)]
    assert all("the server accepts 1,000" in str(error) for error in errors)
