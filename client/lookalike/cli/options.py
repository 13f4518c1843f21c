"""The options that several commands share, and how their texts are read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli.output import printable
from lookalike.types import Region

DEFAULT_SERVER = "localhost:50051"
DEFAULT_COLLECTION = "default"

_PANEL = "Connection"

Server = Annotated[
    str,
    typer.Option(envvar="LOOKALIKE_SERVER", metavar="HOST:PORT", help="Server to talk to.", rich_help_panel=_PANEL),
]
Token = Annotated[
    str | None,
    typer.Option(envvar="LOOKALIKE_TOKEN", help="Token that the server asks for.", rich_help_panel=_PANEL),
]
Tls = Annotated[
    bool, typer.Option("--tls", help="Encrypt, trusting this system's certificates.", rich_help_panel=_PANEL)
]
Ca = Annotated[
    Path | None,
    typer.Option(
        envvar="LOOKALIKE_CA",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="Encrypt, trusting the certificates of this PEM file.",
        rich_help_panel=_PANEL,
    ),
]
Collection = Annotated[str, typer.Option("--collection", "-c", metavar="NAME", help="Collection to work on.")]
OnlyLabels = Annotated[
    list[str] | None,
    typer.Option("--label", "-l", metavar="KEY=VALUE", help="Only images with this label; may be repeated."),
]
Prefix = Annotated[str, typer.Option(metavar="TEXT", help="Only images whose path begins so.")]
SheetFile = Annotated[
    Path | None, typer.Option("--sheet", dir_okay=False, metavar="FILE", help="Write a contact sheet (PNG).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]


def read_labels(texts: Sequence[str]) -> dict[str, str]:
    """Read KEY=VALUE texts; the value may hold more equals signs."""
    for text in texts:
        if "=" not in text.lstrip("="):
            raise typer.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--label")
    return dict(text.split("=", 1) for text in texts)


def check_folder(sheet: Path | None) -> None:
    """Refuse a contact sheet that could not be written, before there is one."""
    if sheet and not sheet.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {printable(str(sheet.parent))}", param_hint="--sheet")


def read_region(text: str | None) -> Region | None:
    """Read LEFT,TOP,RIGHT,BOTTOM as fractions of the picture."""
    if text is None:
        return None
    try:
        left, top, right, bottom = (float(part) for part in text.split(","))
    except ValueError:
        hint = f"{text!r} is not four numbers LEFT,TOP,RIGHT,BOTTOM such as 0,0,0.5,1"
        raise typer.BadParameter(hint, param_hint="--region") from None
    return Region(left, top, right, bottom)
