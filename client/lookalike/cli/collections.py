"""`lookalike collections`: list them, make one, remove one."""

import sys
from typing import Annotated

import typer
from rich.table import Table

from lookalike.cli.connection import Connection, connect
from lookalike.cli.options import DEFAULT_SERVER, AsJson, Ca, Server, Tls, Token
from lookalike.cli.output import day, fail, out, print_json, printable, remark
from lookalike.counting import counted
from lookalike.types import Collection

app = typer.Typer()

Name = Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits, '.', '_' and '-'; at most 63.")]


@app.callback(invoke_without_command=True)
def show_all(
    context: typer.Context,
    *,
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """List collections, make one, remove one."""
    if context.invoked_subcommand is None:
        show_list(server=server, token=token, tls=tls, ca=ca, as_json=as_json)
    elif any(_is_written(context, name) for name in context.params):
        # Else `--server A delete NAME` would delete on another server.
        raise typer.BadParameter(f"put the options after `{context.invoked_subcommand}`")


@app.command("list")
def show_list(
    *,
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """List collections, as `collections` alone does."""
    with connect(Connection(server, token, tls, ca, as_json)) as client:
        held = list(client.collections())
    if as_json:
        print_json({"collections": held})
    elif held:
        out.print(_table(held))
    else:
        remark("No collections yet: lookalike index DIR makes one.")


@app.command()
def create(
    name: Name,
    *,
    description: Annotated[str, typer.Option(help="What it holds, in your words.")] = "",
    model: Annotated[str, typer.Option(help="Model of its vectors, by id or name; else the server's first.")] = "",
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Make an empty collection."""
    with connect(Connection(server, token, tls, ca, as_json)) as client:
        made = client.create_collection(name, description=description, model=model)
    if as_json:
        print_json(made)
    else:
        out.print(f"Made {made.name}; its vectors come from {made.model_id}.", soft_wrap=True)


@app.command()
def delete(
    name: Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Remove a collection and all that the server knows of its images; the pictures' files stay."""
    if not yes and not sys.stdin.isatty():
        raise fail("There is no terminal to ask at: --yes removes without asking.")
    with connect(Connection(server, token, tls, ca, as_json)) as client:
        count = client.collection(name).image_count
        if not yes:
            typer.confirm(f"Remove {name} and its {counted(count, 'image')} from the server?", abort=True, err=True)
        removed = client.delete_collection(name)
    if as_json:
        print_json({"name": name, "deleted_image_count": removed})
    else:
        out.print(f"Removed {name} with {counted(removed, 'image')}.")


def _is_written(context: typer.Context, name: str) -> bool:
    """Tell an option given on the command line from its default and its variable."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _table(held: list[Collection]) -> Table:
    table = Table("collection", box=None, header_style="bold", pad_edge=False)
    table.add_column("images", justify="right")
    for heading in ("model", "changed", "about"):
        table.add_column(heading, overflow="fold")
    for each in held:
        row = (each.name, f"{each.image_count:,}", each.model_id, day(each.updated), printable(each.description))
        table.add_row(*row)
    return table
