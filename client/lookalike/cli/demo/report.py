"""The demo in words and pictures: tables for the terminal, one contact sheet of the queries shown."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from rich.table import Table
from rich.text import Text

from lookalike.cli.demo.photographs import Photograph
from lookalike.cli.demo.trial import LIMIT, Found, Trial, median_seconds
from lookalike.cli.output import printable
from lookalike.cli.sheet import Row, rows_sheet, save
from lookalike.cli.tile import GOOD, LOUD, POOR, Tile

MATCHES_SHOWN = 4


def photographs_table(photographs: Sequence[Photograph]) -> Table:
    """Say where the photographs come from."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("photograph", "pixels", "from", "licence"):
        table.add_column(heading, overflow="fold")
    for each in photographs:
        table.add_row(printable(each.name), _pixels(each.path), printable(each.origin), each.licence)
    return table


def trial_table(trial: Trial) -> Table:
    """Show a query's nearest matches and what each of them is."""
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("#", "distance", "score"):
        table.add_column(heading, justify="right")
    for heading in ("photograph", "altered", ""):
        table.add_column(heading, overflow="fold")
    for each in trial.shown(MATCHES_SHOWN):
        own = each.photograph == trial.photograph
        mark = Text("same photograph", "green") if own else Text("another", "yellow")
        figures = (str(each.rank), f"{each.distance:.4f}", f"{each.score:.4f}")
        table.add_row(*figures, printable(each.photograph), each.alteration, mark)
    return table


def trial_title(trial: Trial) -> Text:
    """Name the query and say how it fared."""
    rank = trial.original_rank
    original = f"its original at rank {rank}" if rank else f"its original not among the first {LIMIT}"
    return Text.assemble(
        (f"{printable(trial.photograph)}, {trial.altered}", "bold"), f" ({original}; {1000 * trial.seconds:.1f} ms)"
    )


def totals(trials: Sequence[Trial]) -> list[str]:
    """Give the demo's figures."""
    hits = sum(trial.hit for trial in trials)
    originals = sum(trial.original_rank == 1 for trial in trials)
    count = len(trials)
    return [
        f"{hits} of {count} altered queries found their own photograph first ({hits / count:.0%}).",
        f"For {originals} of them that was the unaltered original, for {hits - originals} an altered copy of it.",
        f"Half of the searches took less than {1000 * median_seconds(trials):.1f} ms, sending the picture included.",
    ]


def write_sheet(trials: Sequence[Trial], shown: Sequence[Trial], file: Path) -> None:
    """Draw the queries shown, a row each: own photographs framed green, others orange."""
    rows = [
        Row(_query_tile(trial), [_match_tile(trial, each) for each in trial.shown(MATCHES_SHOWN)]) for trial in shown
    ]
    note = "Left: an altered photograph that the collection does not hold. Right: what was found, by distance; "
    note += "green: the same photograph, orange: the nearest other one."
    save(rows_sheet(totals(trials)[0], note, rows), file)


def _query_tile(trial: Trial) -> Tile:
    return Tile(trial.query, trial.altered, trial.photograph, LOUD)


def _match_tile(trial: Trial, found: Found) -> Tile:
    heading = f"{found.rank} · {found.distance:.4f}"
    frame = GOOD if found.photograph == trial.photograph else POOR
    return Tile(found.path, heading, f"{found.photograph}, {found.alteration}", frame)


def _pixels(path: Path) -> str:
    with Image.open(path) as picture:
        return f"{picture.width}x{picture.height}"
