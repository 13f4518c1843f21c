"""`lookalike map FILE`: a collection as a picture or a page, near to each other what looks alike."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import lookalike
from lookalike.cli.connection import Connection, connect
from lookalike.cli.options import (
    DEFAULT_COLLECTION,
    DEFAULT_SERVER,
    AsJson,
    Ca,
    Collection,
    OnlyLabels,
    Prefix,
    Server,
    Tls,
    Token,
    read_labels,
)
from lookalike.cli.output import fail, out, print_json, printable, reason
from lookalike.cli.passing import Tally
from lookalike.cli.progress import progress_bar, timed
from lookalike.types import Filter

if TYPE_CHECKING:
    from rich.progress import Progress

    from lookalike.mapping import Atlas, Placed

THUMBNAILS_UPTO = 20_000
"""Of more images there are dots, unless thumbnails are asked for."""
SUFFIXES = (".png", ".html")


class How(StrEnum):
    """How images are placed."""

    PCA = "pca"
    UMAP = "umap"


File = Annotated[
    Path | None, typer.Argument(metavar="FILE", dir_okay=False, help="Picture or page to write: FILE.png or FILE.html.")
]
Way = Annotated[
    How, typer.Option("--method", help="pca: at once, the same everywhere. umap: islands of what is alike (an extra).")
]
Colours = Annotated[
    str, typer.Option("--colour-by", metavar="KEY", help="Colour by the values of this label, else by scene.")
]
Pictures = Annotated[
    bool | None,
    typer.Option("--thumbnails/--dots", help="Show pictures where there is room, or dots alone; else as many allow."),
]


def map_(
    file: File = None,
    *,
    collection: Collection = DEFAULT_COLLECTION,
    method: Way = How.PCA,
    colour_by: Colours = "",
    thumbnails: Pictures = None,
    label: OnlyLabels = None,
    path_prefix: Prefix = "",
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Draw a collection as a map: what looks alike stands together.

    FILE.html is a page to walk about in, FILE.png a picture; --json prints the coordinates. Thumbnails are made of the
    files on this machine. Nothing is written to the collection.
    """
    _check(file, as_json)
    wanted = Filter(labels=read_labels(label or []), path_prefix=path_prefix)
    tally = Tally()
    from lookalike import mapping  # noqa: PLC0415 - numpy and Pillow are loaded only here

    with timed(tally, resumes=False), _explained(), connect(Connection(server, token, tls, ca, as_json)) as client:
        with progress_bar(as_json) as bar:
            atlas = mapping.read(client, collection, filter=wanted, label=colour_by, progress=_told(bar, "read"))
            tally.count = len(atlas.points)
            placed = _place(atlas, method, bar)
        if file:
            shown = len(atlas.points) <= THUMBNAILS_UPTO if thumbnails is None else thumbnails
            _write(file, client, atlas, placed, pictures=shown, as_json=as_json)
    _report(file, atlas, placed, tally, as_json)


def _check(file: Path | None, as_json: bool) -> None:
    if file is None and not as_json:
        raise typer.BadParameter("name a file to write, or ask for --json", param_hint="FILE")
    if file and file.suffix.lower() not in SUFFIXES:
        raise typer.BadParameter(f"{printable(file.name)} ends neither in .png nor in .html", param_hint="FILE")
    if file and not file.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {printable(str(file.parent))}", param_hint="FILE")


@contextmanager
def _explained() -> Iterator[None]:
    """Say in a sentence what keeps a map from being made or written."""
    from lookalike.mapping import Unmappable  # noqa: PLC0415 - see `map_`

    try:
        yield
    except Unmappable as error:
        raise fail(str(error)) from None
    except OSError as error:
        raise fail(f"No map was written: {reason(error)}") from None


def _place(atlas: "Atlas", method: How, bar: "Progress") -> "Placed":
    from lookalike import mapping  # noqa: PLC0415 - see `map_`

    task = bar.add_task(f"placed by {method.upper()}", total=None)
    placed = mapping.place(atlas.vectors, mapping.Method(method))
    bar.update(task, total=1, completed=1)
    return placed


def _write(
    file: Path, client: "lookalike.Client", atlas: "Atlas", placed: "Placed", *, pictures: bool, as_json: bool
) -> None:
    from lookalike import mapping  # noqa: PLC0415 - see `map_`

    write = mapping.write_png if file.suffix.lower() == ".png" else mapping.write_html
    with progress_bar(as_json) as bar:
        write(file, client, atlas, placed, pictures=pictures, progress=_told(bar, "thumbnails"))


def _told(bar: "Progress", what: str) -> Callable[[int, int], None]:
    """Give what moves a bar of its own."""
    task = bar.add_task(what, total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)


def _report(file: Path | None, atlas: "Atlas", placed: "Placed", tally: Tally, as_json: bool) -> None:
    if as_json:
        print_json(_summary(file, atlas, placed, tally))
        return
    out.print(f"{tally.words} of {atlas.collection} in {tally.seconds:,.1f} s: {printable(str(file))}", soft_wrap=True)
    out.print(f"{placed.note}.", soft_wrap=True)


def _summary(file: Path | None, atlas: "Atlas", placed: "Placed", tally: Tally) -> dict[str, Any]:
    places = zip(atlas.points, placed.places.tolist(), strict=True)
    return {
        "collection": atlas.collection,
        "model_id": atlas.model_id,
        "method": placed.method.value,
        "file": str(file) if file else None,
        "seconds": round(tally.seconds, 3),
        "points": [{"id": at.id, "path": at.path, "group": at.group, "x": x, "y": y} for at, (x, y) in places],
    }
