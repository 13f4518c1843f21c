"""`lookalike show ID|FILE`: what a collection knows of one image."""

import re
import sys
from typing import Annotated

import typer
from rich.table import Table

from lookalike.cli.connection import Connection, connect
from lookalike.cli.found import in_words
from lookalike.cli.options import DEFAULT_COLLECTION, DEFAULT_SERVER, AsJson, Ca, Collection, Server, Tls, Token
from lookalike.cli.output import day, out, print_json, printable, size
from lookalike.containers import taken_out
from lookalike.errors import LookalikeError
from lookalike.pictures import fingerprint
from lookalike.types import Image

SHA256 = re.compile(r"(?:id:)?([0-9a-f]{64})")

Which = Annotated[
    str, typer.Argument(metavar="ID|FILE", help="An image's id (SHA-256), or a file to look up by its bytes.")
]


def show(
    which: Which,
    *,
    collection: Collection = DEFAULT_COLLECTION,
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Show what a collection knows of one image."""
    image_id = find_id(which)
    with connect(Connection(server, token, tls, ca, as_json)) as client:
        image = client.image(image_id, collection=collection)
    if as_json:
        print_json(image)
    else:
        out.print(_table(image))


def find_id(which: str) -> str:
    """Return the id that is written, or that of the file's bytes."""
    if written := SHA256.fullmatch(which):
        return written[1]
    try:
        return fingerprint(taken_out(which, sys.maxsize), sys.maxsize)
    except LookalikeError as error:
        hint = f"this is no image's id, and no file that can be read: {printable(error.message)}"
        raise typer.BadParameter(hint, param_hint="ID|FILE") from None


def _table(image: Image) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("id", image.id)
    table.add_row("collection", image.collection)
    for place, source in enumerate(image.sources):
        table.add_row("" if place else "seen at", printable(source.path))
    for key, value in image.labels.items():
        table.add_row("label", printable(f"{key}={value}"))
    table.add_row("picture", _picture(image))
    if image.scenes:
        table.add_row("shows", in_words(image.scenes))
    if image.location:
        table.add_row("taken at", f"{image.location.latitude:.6f}, {image.location.longitude:.6f}")
    for heading, when in (("dated", image.captured), ("added", image.created), ("changed", image.updated)):
        table.add_row(heading, day(when))
    return table


def _picture(image: Image) -> str:
    """Say what kind of file it is; of one that came as an embedding nobody here knows."""
    if not image.format:
        return "never seen here: it came as an embedding"
    return f"{image.format}, {image.width:,} x {image.height:,} pixels, {size(image.size_bytes)}"
