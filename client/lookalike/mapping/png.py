"""A map as one picture: dots in the colours of their groups, thumbnails where there is room, names, a legend."""

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from lookalike.counting import counted
from lookalike.mapping.coordinates import Placed
from lookalike.mapping.palette import GREY, Group, groups, numbered
from lookalike.mapping.reading import Atlas
from lookalike.safe import printable
from lookalike.whole import whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARK = "Lookalike map"
"""The PNG's Software field, and the page's generator: a file that bears it may be replaced by another map."""

WIDTH, HEIGHT, MARGIN, HEAD, LEGEND = 2000, 1500, 60, 120, 260
FRAME = WIDTH - LEGEND - 3 * MARGIN, HEIGHT - HEAD - 2 * MARGIN
ORIGIN = MARGIN, HEAD + MARGIN
SMALLEST, LARGEST, GAP, BORDER = 64, 120, 10, 3
FINE = 2
"""Dots are drawn so many times as large, and shrunk: Pillow draws no smooth edges."""
PAPER, INK, PALE_INK = "#fbfbf9", "#1c1c1c", "#6b6b6b"
TITLE, NOTE, NAME, HALO = 34, 19, 21, 4
DOWN = (0, 30, -30, 50, -50, 70, -70, 90, -90)
"""Pixels by which a name may be moved from its place."""

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""


def thumbnail_size(count: int) -> int:
    """The longest side of a thumbnail in pixels: larger where there are few images."""
    return round(min(LARGEST, max(SMALLEST, 1300 / math.sqrt(max(count, 1)))))


def draw(atlas: Atlas, placed: Placed, places: "NDArray[np.float32]", pictures: Mapping[int, bytes]) -> Image.Image:
    """The whole sheet; `places` are [n, 2] in pixels of the frame, `pictures` JPEGs by the number of their point."""
    found = groups(atlas.points)
    numbers = np.array(numbered(atlas.points, found), np.int64)
    places = places + np.array(ORIGIN, np.float32)
    sheet = _dots(places, [found[number].colour for number in numbers])
    boxes = [_paste(sheet, jpeg, places[at], found[numbers[at]].colour) for at, jpeg in pictures.items()]
    pen = ImageDraw.Draw(sheet)
    _name_groups(pen, found, middles(places, numbers, found), boxes)
    _head(pen, atlas, placed)
    _legend(pen, found)
    return sheet


def save(sheet: Image.Image, file: Path) -> None:
    """Write it, with the mark that says what it is."""
    words = PngImagePlugin.PngInfo()
    words.add_text("Software", MARK)
    with whole(file) as part:
        sheet.save(part, format="PNG", pnginfo=words)


def _dots(places: "NDArray[np.float32]", colours: Sequence[str]) -> Image.Image:
    fine = Image.new("RGB", (FINE * WIDTH, FINE * HEIGHT), PAPER)
    pen = ImageDraw.Draw(fine, "RGBA")
    radius = FINE * min(8.0, max(1.5, 200 / math.sqrt(max(len(places), 1))))
    for (x, y), colour in zip((FINE * places).tolist(), colours, strict=True):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=f"{colour}c0")
    return fine.resize((WIDTH, HEIGHT), Image.Resampling.BOX)


def _paste(sheet: Image.Image, jpeg: bytes, place: "NDArray[np.float32]", colour: str) -> Box:
    with Image.open(io.BytesIO(jpeg)) as picture:
        left, top = round(float(place[0]) - picture.width / 2), round(float(place[1]) - picture.height / 2)
        edges = (left - BORDER, top - BORDER, left + picture.width + BORDER - 1, top + picture.height + BORDER - 1)
        ImageDraw.Draw(sheet).rounded_rectangle(edges, BORDER, fill=colour)
        sheet.paste(picture, (left, top))
        return edges


def _name_groups(
    pen: ImageDraw.ImageDraw,
    found: Sequence[Group],
    centres: Sequence[tuple[float, float]],
    pictures: Sequence[Box],
) -> None:
    """Write each group's name in its middle, or a little below or above where that covers no picture.

    The largest come first; a name for which there is no room between the others is left out.
    """
    names: list[Box] = []
    for group, (x, y) in zip(found, centres, strict=True):
        name = printable(group.name)
        ways = [(down, pen.textbbox((x, y + down), name, _font(NAME), "mm", stroke_width=HALO)) for down in DOWN]
        free = [(down, box) for down, box in ways if group.colour != GREY and not _meets(box, names)]
        if free:
            down, box = next((way for way in free if not _meets(way[1], pictures)), free[0])
            names.append(box)
            pen.text((x, y + down), name, INK, _font(NAME), "mm", stroke_width=HALO, stroke_fill=PAPER)


def middles(
    places: "NDArray[np.float32]", numbers: "NDArray[np.int64]", found: Sequence[Group]
) -> list[tuple[float, float]]:
    """Where each group has its middle: half of its points lie on either side, both ways."""
    medians = [np.median(places[numbers == number], axis=0) for number in range(len(found))]
    return [(float(x), float(y)) for x, y in medians]


def _meets(box: Box, others: Sequence[Box]) -> bool:
    left, top, right, bottom = box
    return any(left < other[2] and other[0] < right and top < other[3] and other[1] < bottom for other in others)


def _head(pen: ImageDraw.ImageDraw, atlas: Atlas, placed: Placed) -> None:
    pen.text((MARGIN, 40), printable(title(atlas)), INK, _font(TITLE))
    pen.text((MARGIN, 40 + TITLE + 14), printable(f"{placed.note} · {atlas.model_id}"), PALE_INK, _font(NOTE))


def title(atlas: Atlas) -> str:
    """What the map shows."""
    return f"{atlas.collection}: {counted(len(atlas.points), 'image')}"


def _legend(pen: ImageDraw.ImageDraw, found: Sequence[Group]) -> None:
    left, step = WIDTH - LEGEND - MARGIN, 34
    for line, group in enumerate(found):
        top = ORIGIN[1] + line * step
        pen.ellipse((left, top, left + 18, top + 18), fill=group.colour)
        pen.text((left + 30, top + 9), _short(printable(group.name)), INK, _font(NOTE), anchor="lm")
        pen.text((WIDTH - MARGIN, top + 9), f"{group.count:,}", PALE_INK, _font(NOTE), anchor="rm")


def _short(name: str) -> str:
    return name if len(name) <= 17 else f"{name[:16]}…"


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Pillow's own: the same on every machine."""
    return ImageFont.load_default(size)
