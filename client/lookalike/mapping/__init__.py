"""A collection as a map: every image a place in the plane, near to those that look like it.

    from lookalike import Client, mapping

    with Client("localhost:50051") as looks:
        atlas = mapping.read(looks, "holiday")
        placed = mapping.place(atlas.vectors, mapping.Method.PCA)
        mapping.write_html(Path("holiday.html"), looks, atlas, placed)

`reading` gathers the vectors, `coordinates` places them, `palette` colours what they show, `thinning` chooses the
pictures that have room, `thumbs` makes them of the files on this machine, `png` and `page` draw. Needs numpy and Pillow
(`lookalike[cli]`), and umap-learn for UMAP (`lookalike[umap]`): import this module only where a map is wanted.
"""

from lookalike.mapping.coordinates import Method, Placed, place
from lookalike.mapping.drawing import write_html, write_png
from lookalike.mapping.errors import Unmappable
from lookalike.mapping.reading import Atlas, Point, read

__all__ = ["Atlas", "Method", "Placed", "Point", "Unmappable", "place", "read", "write_html", "write_png"]
