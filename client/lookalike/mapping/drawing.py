"""A map written to a file: a PNG to print, or a page to walk about in.

Enters: an atlas and its places. Leaves: a file, which replaces none but an earlier map.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.mapping import page, png
from lookalike.mapping.coordinates import Placed, framed
from lookalike.mapping.reading import Atlas, Progress, unheard
from lookalike.mapping.thinning import apart, spread
from lookalike.mapping.thumbs import thumbnails
from lookalike.whole import whole

if TYPE_CHECKING:
    from lookalike import Client

MARKED_WITHIN = 4096
"""Bytes at the beginning of a map, in which its mark stands."""


def write_png(
    file: Path, client: "Client", atlas: Atlas, placed: Placed, *, pictures: bool = True, progress: Progress = unheard
) -> None:
    """Draw the map as a PNG, with thumbnails where there is room for them, or dots alone.

    Raises FileExistsError where the file is there and no map, OSError where it cannot be written.
    """
    _check(file)
    places = framed(placed, *png.FRAME)
    size = png.thumbnail_size(len(places))
    shown = apart(places, spread(framed(placed, 1, 1)), size + png.GAP) if pictures else []
    made = thumbnails(client, atlas, shown, size, progress)
    png.save(png.draw(atlas, placed, places, made), file)


def write_html(
    file: Path, client: "Client", atlas: Atlas, placed: Placed, *, pictures: bool = True, progress: Progress = unheard
) -> None:
    """Write the map as one HTML page that needs nothing else, as `write_png`; it shows more the nearer one comes."""
    _check(file)
    places = framed(placed, *page.FRAME)
    order = spread(framed(placed, 1, 1))[: page.PICTURES].tolist() if pictures else []
    made = thumbnails(client, atlas, order, page.THUMBNAIL, progress)
    first = {number: made[number] for number in order if number in made}
    with whole(file) as part:
        part.write_text(page.html(atlas, placed, places, first), encoding="utf-8")


def _check(file: Path) -> None:
    if not file.exists():
        return
    with file.open("rb") as there:
        if png.MARK.encode() not in there.read(MARKED_WITHIN):
            raise FileExistsError(f"{file} exists and is not a map: choose another name.")
