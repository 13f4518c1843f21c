"""The command line put together: one Typer application, a command a file.

Nothing here or in a command's module may import grpc, numpy or Pillow before the command runs: help stays instant.
"""

from importlib.metadata import version
from typing import Annotated

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
from lookalike.cli.serve import PASSED_ON, backup, evaluate, restore, serve, train, verify
from lookalike.cli.show import show
from lookalike.cli.top import top
from lookalike.cli.watch import watch

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
app.command(context_settings=PASSED_ON, add_help_option=False)(serve)
app.command()(index)
app.command()(watch)
app.command()(import_seed)
app.command()(search)
app.command("replay")(replay_report)
app.command()(show)
app.command()(duplicates)
app.command("map")(map_)
app.command()(reembed)
app.command()(export)
app.command("import")(import_exported)
app.add_typer(collections.app, name="collections")
app.command()(top)
app.command()(doctor)
app.command(context_settings=PASSED_ON, add_help_option=False)(verify)
app.command(context_settings=PASSED_ON, add_help_option=False)(backup)
app.command(context_settings=PASSED_ON, add_help_option=False)(restore)
app.command(context_settings=PASSED_ON, add_help_option=False)(evaluate)
app.command(context_settings=PASSED_ON, add_help_option=False)(train)
