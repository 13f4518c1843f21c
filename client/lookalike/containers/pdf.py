"""Pages of a PDF, each rendered as a picture whose longer side has 1,500 pixels. Needs the extra `pdf`.

The same page gives the same bytes under the same versions of PDFium and Pillow; after an update of either a page may
count as another picture.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from lookalike import pictures
from lookalike.containers import pdf_page, png
from lookalike.containers.damage import needed, told
from lookalike.containers.member import Member
from lookalike.errors import ImageUnreadable, SourceVanished

LONG_SIDE = 1_500
"""Pixels of a page's longer side: 130 dots to the inch of A4, where small print can still be read."""

MOST = 10_000
"""Pages that are looked at."""

_PDFIUM = threading.Lock()
"""PDFium serves one thread at a time."""


def members(path: str, max_bytes: int) -> Iterator[Member]:
    """The pages, in their order."""
    place = pictures.location(path)
    with _opened(path) as document:
        with _PDFIUM:
            count = len(document)
        for number in range(1, min(count, MOST) + 1):
            whole = f"{place}#page={number}"
            yield Member.of(whole, partial(_rendered, whole, document, number, max_bytes))
    if count > MOST:
        raise ImageUnreadable(f"{path} has {count:,} pages: those after page {MOST:,} are not looked at")


def read(path: str, inside: str, max_bytes: int) -> bytes:
    """The page that `page=3` names. Raises SourceVanished where there is none."""
    number = int(inside.removeprefix("page="))
    with _opened(path) as document:
        with _PDFIUM:
            count = len(document)
        if 1 <= number <= count:
            return _rendered(f"{path}#{inside}", document, number, max_bytes)
    raise SourceVanished(f"{path} has no page {number} any more: import it again")


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    with needed(path, "pypdfium2 and Pillow", "pdf"):
        import PIL.Image  # noqa: F401, PLC0415 - not everybody has them
        from pypdfium2 import PdfDocument  # noqa: PLC0415
    with told(path), pictures.opened(Path(path)) as file:
        with _PDFIUM:
            document = _document(PdfDocument, file)
        try:
            yield document
        finally:
            with _PDFIUM:
                document.close()


def _document(kind: Any, file: Any) -> Any:
    try:
        return kind(file)
    except RuntimeError as error:
        if "password" in str(error).lower():
            raise ValueError("it is encrypted: save a copy without its password") from error
        raise ValueError("it is no PDF, or is damaged") from error


def _rendered(whole: str, document: Any, number: int, max_bytes: int) -> bytes:
    with told(whole, *png.DAMAGE), _PDFIUM:
        page = document[number - 1]
        try:
            return png.encoded(whole, pdf_page.drawn(page, LONG_SIDE), max_bytes)
        finally:
            page.close()
