"""Contact sheets: what a search found, as one picture that can be looked at, printed or filed.

`found_sheet` shows one query large and its matches in a grid; `rows_sheet` shows several queries, one a row. `save`
writes the PNG. Pictures shown are only read, and `save` replaces no file but an earlier contact sheet: an original
cannot be lost to a mistyped name.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, PngImagePlugin

from lookalike.cli.tile import INK, PALE_INK, PAPER, Tile, draw_tile, write
from lookalike.thumbnails import UNREADABLE
from lookalike.whole import whole

MARGIN, GAP = 24, 12
TITLE_SIZE, NOTE_SIZE = 24, 14
TITLE_HEIGHT = TITLE_SIZE + NOTE_SIZE + 40
TILE = (208, 236)
QUERY = (2 * TILE[0] + GAP, 2 * TILE[1] + GAP)

AUTHOR = "Lookalike contact sheet"
"""Stands in the PNG's Software field; `save` looks for it before it replaces a file."""


@dataclass(frozen=True, slots=True)
class Row:
    """One query and what was found for it."""

    query: Tile
    matches: Sequence[Tile]


def found_sheet(title: str, note: str, row: Row) -> Image.Image:
    """Draw the query at the left, as large as four tiles, and the matches at its right."""
    columns = max(1, min(math.ceil(math.sqrt(2 * len(row.matches))), len(row.matches)))
    lines = math.ceil(len(row.matches) / columns)
    grid_left = MARGIN + QUERY[0] + 2 * GAP
    width = grid_left + _span(columns, TILE[0]) + MARGIN
    height = TITLE_HEIGHT + max(QUERY[1], _span(lines, TILE[1])) + MARGIN
    sheet = _paper(width, height, title, note)
    sheet.paste(draw_tile(row.query, *QUERY), (MARGIN, TITLE_HEIGHT))
    for place, match in enumerate(row.matches):
        line, column = divmod(place, columns)
        at = (grid_left + column * (TILE[0] + GAP), TITLE_HEIGHT + line * (TILE[1] + GAP))
        sheet.paste(draw_tile(match, *TILE), at)
    return sheet


def rows_sheet(title: str, note: str, rows: Sequence[Row]) -> Image.Image:
    """Draw each query at the left of its row, its matches after it."""
    columns = max(len(row.matches) for row in rows)
    matches_left = MARGIN + TILE[0] + 3 * GAP
    width = matches_left + _span(columns, TILE[0]) + MARGIN
    sheet = _paper(width, TITLE_HEIGHT + _span(len(rows), TILE[1]) + MARGIN, title, note)
    for line, row in enumerate(rows):
        top = TITLE_HEIGHT + line * (TILE[1] + GAP)
        sheet.paste(draw_tile(row.query, *TILE), (MARGIN, top))
        for column, match in enumerate(row.matches):
            sheet.paste(draw_tile(match, *TILE), (matches_left + column * (TILE[0] + GAP), top))
    return sheet


def save(sheet: Image.Image, path: Path) -> None:
    """Write the sheet as PNG. Raises FileExistsError where the file is there and no contact sheet of ours."""
    if path.exists() and not _is_ours(path):
        raise FileExistsError(f"{path} exists and is not a contact sheet: choose another name.")
    words = PngImagePlugin.PngInfo()
    words.add_text("Software", AUTHOR)
    with whole(path) as part:
        sheet.save(part, format="PNG", pnginfo=words)


def _is_ours(path: Path) -> bool:
    try:
        with Image.open(path) as file:
            return file.info.get("Software") == AUTHOR
    except UNREADABLE:
        return False


def _span(count: int, size: int) -> int:
    """Length of `count` tiles with the gaps between them."""
    return max(0, count * (size + GAP) - GAP)


def _paper(width: int, height: int, title: str, note: str) -> Image.Image:
    sheet = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    room = width - 2 * MARGIN
    write(pen, (MARGIN, 18), title, size=TITLE_SIZE, colour=INK, room=room)
    write(pen, (MARGIN, 18 + TITLE_SIZE + 8), note, size=NOTE_SIZE, colour=PALE_INK, room=room)
    return sheet
