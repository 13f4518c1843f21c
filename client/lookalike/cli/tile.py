"""One picture on a contact sheet: fitted into a box, with a heading and a caption under it.

Enters: a path and words. Leaves: a Pillow image. Files are only ever read; one that cannot be read becomes a grey box
that says so, because a sheet with a hole is more use than no sheet.
"""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from lookalike.queries import Region
from lookalike.thumbnails import OUTLINE, UNREADABLE, fitted, outline

PAPER, CARD, GREY = "#f4f4f2", "#ffffff", "#dcdcda"
INK, PALE_INK = "#1c1c1c", "#6b6b6b"
QUIET, GOOD, POOR, LOUD = "#d0d0cd", "#2e8b57", "#d2691e", OUTLINE

PADDING = 8
HEADING_SIZE, CAPTION_SIZE = 15, 13


@dataclass(frozen=True, slots=True)
class Tile:
    """What to show. Without a picture, or where it cannot be read, `missing` stands in its place."""

    picture: Path | None
    heading: str
    caption: str
    frame: str = QUIET
    region: Region | None = None
    missing: str = "cannot be read here"


def font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Pillow's own font: the same on every machine."""
    return ImageFont.load_default(size)


def draw_tile(tile: Tile, width: int, height: int) -> Image.Image:
    """Draw a card of the given outer size."""
    card = Image.new("RGB", (width, height), CARD)
    pen = ImageDraw.Draw(card)
    _frame(pen, width, height, tile.frame)
    text_top = height - PADDING - HEADING_SIZE - CAPTION_SIZE - 8
    _paste_picture(card, tile, (PADDING, PADDING, width - PADDING, text_top - PADDING))
    room = width - 2 * PADDING
    write(pen, (PADDING, text_top), tile.heading, size=HEADING_SIZE, colour=INK, room=room)
    below = (PADDING, text_top + HEADING_SIZE + 5)
    write(pen, below, tile.caption, size=CAPTION_SIZE, colour=PALE_INK, room=room)
    return card


def write(pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, *, size: int, colour: str, room: int) -> None:
    """Write one line of text, shortened to the room that there is."""
    pen.text(at, shorten(text, size, room), fill=colour, font=font(size))


def shorten(text: str, size: int, room: int) -> str:
    """Cut from the middle until the text is at most `room` pixels wide: a name's end tells as much as its start."""
    letters = font(size)
    kept = len(text)
    short = text
    while letters.getlength(short) > room and kept > 2:
        kept -= 1
        tail = kept // 2
        short = f"{text[: kept - tail]}…{text[len(text) - tail :]}"
    return short


def _frame(pen: ImageDraw.ImageDraw, width: int, height: int, colour: str) -> None:
    pen.rectangle((0, 0, width - 1, height - 1), outline=colour, width=1 if colour == QUIET else 3)


def _paste_picture(card: Image.Image, tile: Tile, box: tuple[int, int, int, int]) -> None:
    """Centre the picture in the box, or the reason why there is none."""
    left, top, right, bottom = box
    picture = _read(tile.picture, (right - left, bottom - top))
    if picture is None:
        _paste_reason(card, tile.missing, box)
        return
    if tile.region is not None:
        outline(picture, tile.region)
    card.paste(picture, (left + (right - left - picture.width) // 2, top + (bottom - top - picture.height) // 2))


def _read(path: Path | None, box: tuple[int, int]) -> Image.Image | None:
    try:
        return fitted(path, box) if path is not None else None
    except UNREADABLE:
        return None


def _paste_reason(card: Image.Image, reason: str, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    pen = ImageDraw.Draw(card)
    pen.rectangle(box, fill=GREY)
    text = shorten(reason, CAPTION_SIZE, right - left - 2 * PADDING)
    middle = ((left + right) // 2, (top + bottom) // 2)
    pen.text(middle, text, fill=PALE_INK, font=font(CAPTION_SIZE), anchor="mm")
