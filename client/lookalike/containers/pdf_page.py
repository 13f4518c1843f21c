"""One page of a PDF drawn by PDFium, in bounded time: millions of lines fit into a few kilobytes."""

import math
import time
from typing import Any

PATIENCE = 30.0
"""Seconds that drawing a page may take; a plain page takes a tenth of one."""


def drawn(page: Any, long_side: int) -> Any:
    """The page on white as an image of Pillow's. Raises TimeoutError where it takes too long."""
    from pypdfium2 import PdfBitmap, raw  # noqa: PLC0415 - not everybody has it

    scale = long_side / max(page.get_size())
    width, height = (math.ceil(side * scale) for side in page.get_size())
    bitmap = PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGR)
    raw.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
    clock = _Clock()
    pause = raw.IFSDK_PAUSE(version=1)
    pause.NeedToPauseNow = type(pause.NeedToPauseNow)(clock.is_over)
    status = raw.FPDF_RenderPageBitmap_Start(bitmap, page, 0, 0, width, height, 0, raw.FPDF_ANNOT, pause)
    raw.FPDF_RenderPage_Close(page)
    clock.check()
    if status != raw.FPDF_RENDER_DONE:
        raise TimeoutError(f"to draw it takes more than {PATIENCE:.0f} seconds: save the page as a picture")
    return bitmap.to_pil()


class _Clock:
    """Tells PDFium when to stop: time is up, or Ctrl-C was pressed, which an error in a callback would swallow."""

    def __init__(self) -> None:
        self._end = time.monotonic() + PATIENCE
        self._interrupt: BaseException | None = None

    def is_over(self, _pause: object) -> bool:
        """Whether to stop."""
        try:
            return time.monotonic() > self._end
        except BaseException as error:  # Ctrl-C comes between any two lines
            self._interrupt = error
            return True

    def check(self) -> None:
        """Raise what came meanwhile."""
        if self._interrupt:
            raise self._interrupt
