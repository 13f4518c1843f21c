"""The command line put together: one Typer application, a command a file.

Nothing here or in a command's module may import grpc, numpy or Pillow before the command runs: help stays instant.
"""

from importlib.metadata import version
from typing import Annotated, Any

import typer

from lookalike.cli import collections
from lookalike.cli.demo.command import demo
from lookalike.cli.doctor import doctor
from lookalike.cli.duplicates import duplicates
from lookalike.cli.export import export
from lookalike.cli.import_exported import import_exported
from lookalike.cli.import_seed import import_seed
from lookalike.cli.index import index
from lookalike.cli.map import map_
from lookalike.cli.reembed import reembed
from lookalike.cli.replay import replay_report
from lookalike.cli.search import search
from lookalike.cli.serve import ARGUMENTS, backup, evaluate, restore, serve, train, verify
from lookalike.cli.show import show
from lookalike.cli.top import top
from lookalike.cli.watch import watch

WHOLE, SERVERS, MODELS = "Whole collections", "Servers", "Models"
"""Panels of the help; what is needed every day stands before them, in the order in which one comes to need it."""

PASSED_ON: dict[str, Any] = {"context_settings": ARGUMENTS, "add_help_option": False}
"""How a command is made that hands all its arguments on."""

EPILOG = "Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted."

# In the mode "rich", Typer keeps a docstring's line breaks and adds the terminal's.
app = typer.Typer(
    name="lookalike",
    no_args_is_help=True,
    epilog=EPILOG,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lookalike {version('lookalike')}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Given a picture, find the pictures that look like it."""


app.command()(demo)
app.command(**PASSED_ON)(serve)
app.command()(index)
app.command()(watch)
app.command()(search)
app.command("replay")(replay_report)
app.command()(show)
app.command()(duplicates)
app.command("map")(map_)

app.add_typer(collections.app, name="collections", rich_help_panel=WHOLE)
app.command(rich_help_panel=WHOLE)(reembed)
app.command(rich_help_panel=WHOLE)(export)
app.command("import", rich_help_panel=WHOLE)(import_exported)
app.command(rich_help_panel=WHOLE)(import_seed)

app.command(rich_help_panel=SERVERS)(top)
app.command(rich_help_panel=SERVERS)(doctor)
app.command(rich_help_panel=SERVERS, **PASSED_ON)(verify)
app.command(rich_help_panel=SERVERS, **PASSED_ON)(backup)
app.command(rich_help_panel=SERVERS, **PASSED_ON)(restore)

app.command(rich_help_panel=MODELS, **PASSED_ON)(evaluate)
app.command(rich_help_panel=MODELS, **PASSED_ON)(train)
