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
    end = time.monotonic() + PATIENCE
    pause = raw.IFSDK_PAUSE(version=1)
    # Always: so Ctrl-C is met in the loop below. A function of ours would meet it in a callback, where it is swallowed.
    pause.NeedToPauseNow = type(pause.NeedToPauseNow)(bool)
    status = raw.FPDF_RenderPageBitmap_Start(bitmap, page, 0, 0, width, height, 0, raw.FPDF_ANNOT, pause)
    while status == raw.FPDF_RENDER_TOBECONTINUED and time.monotonic() < end:
        status = raw.FPDF_RenderPage_Continue(page, pause)
    raw.FPDF_RenderPage_Close(page)
    if status != raw.FPDF_RENDER_DONE:
        raise TimeoutError(f"to draw it takes more than {PATIENCE:.0f} seconds: save the page as a picture")
    return bitmap.to_pil()
