"""The options that `index` and `watch` share: what counts as a file to take, and what is written about each."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from lookalike.folders import Rules

_PANEL = "Which files"

KeepLabels = Annotated[
    list[str] | None,
    typer.Option("--label", "-l", metavar="KEY=VALUE", help="Label for every picture; may be repeated."),
]
Prune = Annotated[
    bool, typer.Option("--prune", help="Remove images whose files are gone, unless they lie elsewhere too.")
]
Include = Annotated[
    list[str] | None,
    typer.Option(metavar="GLOB", help="Only files that match; may be repeated.", rich_help_panel=_PANEL),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(metavar="GLOB", help="No files or folders that match; wins; may be repeated.", rich_help_panel=_PANEL),
]
Symlinked = Annotated[
    Literal["skip", "files", "follow"],
    typer.Option(help="Symbolic links to take: none, those to files, or those to folders too.", rich_help_panel=_PANEL),
]
Hidden = Annotated[
    bool, typer.Option("--hidden", help="Names that begin with a dot count as well.", rich_help_panel=_PANEL)
]
LogFile = Annotated[
    Path | None,
    typer.Option(
        dir_okay=False, metavar="FILE", help="Append what became of each file, as a line of JSON, unchanged ones aside."
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say what became of each file, unchanged ones aside.")]


def read_rules(include: list[str] | None, exclude: list[str] | None, symlinks: str, hidden: bool) -> "Rules":
    """What counts below a folder."""
    from lookalike.folders import Globs, Rules, Symlinks  # noqa: PLC0415 - with the SDK, help would not be instant

    return Rules(Globs(include or (), exclude or ()), Symlinks(symlinks), hidden)
