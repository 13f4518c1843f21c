"""A map as one HTML page: zoomed and moved by hand, more thumbnails the nearer one comes, a word on each dot.

Its script and style stand in it, and it fetches nothing: a policy in the page forbids it. All that comes from outside
stands in one block of JSON; the script puts it on the page as text, never as HTML.
"""

import base64
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from lookalike.mapping.coordinates import Placed
from lookalike.mapping.palette import GREY, Group, groups, numbered
from lookalike.mapping.png import middles, title
from lookalike.mapping.reading import Atlas
from lookalike.safe import escaped, inline_json, printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAME = 1.35, 1.0
"""Width and height that the map fills; the script scales it to the window."""
PICTURES, THUMBNAIL = 1000, 96
"""Thumbnails in a page, and their longest side in pixels: 4 MB."""


def html(atlas: Atlas, placed: Placed, places: "NDArray[np.float32]", pictures: Mapping[int, bytes]) -> str:
    """The whole page; `places` are [n, 2] in `FRAME`, `pictures` JPEGs by point's number, the most wanted first."""
    found = groups(atlas.points)
    numbers = numbered(atlas.points, found)
    centres = middles(places, np.array(numbers, np.int64), found)
    data = {
        "frame": FRAME,
        "groups": [_told(group, centre) for group, centre in zip(found, centres, strict=True)],
        "group": numbers,
        "places": [round(float(each), 5) for each in places.ravel()],
        "paths": [printable(point.path) for point in atlas.points],
        "kinds": [printable(point.group) for point in atlas.points],
        "pictures": [[number, base64.b64encode(jpeg).decode("ascii")] for number, jpeg in pictures.items()],
    }
    page = files("lookalike.mapping").joinpath("map.html").read_text(encoding="utf-8")
    before, after = page.split("{{data}}")
    words = {"{{title}}": escaped(title(atlas)), "{{note}}": escaped(f"{placed.note} · {atlas.model_id}")}
    for name, text in words.items():
        before = before.replace(name, text)
    return before + inline_json(data) + after


def _told(group: Group, centre: tuple[float, float]) -> dict[str, object]:
    return {
        "name": printable(group.name),
        "colour": group.colour,
        "count": group.count,
        "middle": centre,
        "others": group.colour == GREY,
    }
