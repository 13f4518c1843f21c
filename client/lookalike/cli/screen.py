"""What `lookalike top` shows of a server's pace; what changes its height comes last: the rest stays in place."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lookalike.cli.output import printable, size
from lookalike.cli.pace import STAGES, Pace
from lookalike.counting import counted
from lookalike.load import Lane

WIDE = 70
"""Columns from which there is room between the numbers."""
OWN = "GetServerLoad"
"""What is asked for this view."""
NONE = "-"
"""Stands where there is no number: nothing happened."""
STAGE_WORDS = {"decode": "decode", "queue": "queue wait", "embed": "network", "index": "index or commit"}


def screen(address: str, pace: Pace, width: int) -> RenderableType:
    """Everything, for a terminal of so many columns; from 54 on nothing is cut."""
    is_wide = width >= WIDE
    parts = (_lanes(pace, is_wide), _batches(pace, is_wide), _drops(pace), _methods(pace, is_wide))
    return Group(_head(address, pace), *(each for part in parts for each in ("", part)))


def _head(address: str, pace: Pace) -> RenderableType:
    models = ", ".join(f"{name} on {engine}" for name, engine in pace.models.items()) or "loading its models"
    index = f", {pace.unindexed:,} not indexed yet" if pace.unindexed else ""
    facts = (
        f"up {duration(pace.uptime)}",
        f"{pace.cpus:.2f} cores",
        f"{size(pace.memory_bytes)} memory",
        f"{size(pace.held_bytes)} held",
        f"{counted(pace.images, 'image')}{index}",
    )
    title = Text.assemble((printable(address), "bold"), "  ", printable(models))
    return Group(title, Text("  ".join(facts)))


def _methods(pace: Pace, is_wide: bool) -> Table:
    table = _table(is_wide, "requests", "a second", "failed", "p50 ms", "p99 ms")
    busy = [(name, each) for name, each in pace.methods.items() if each.rate and name != OWN]
    for name, each in sorted(busy, key=lambda item: -item[1].rate):  # the rare ones may lie below a small terminal
        times = (milliseconds(each.p50), milliseconds(each.p99))
        failed = Text(rate(each.failed), style="red" if each.failed else "")
        table.add_row(printable(name), rate(each.rate), failed, *times)
    if not busy:
        table.add_row(Text("none", style="dim"))
    return table


def _lanes(pace: Pace, is_wide: bool) -> Table:
    table = _table(is_wide, "p50 / p99 in ms", *(str(lane) for lane in Lane))
    lanes = [pace.lanes[lane] for lane in Lane]
    table.add_row("images a second", *(rate(each.images_rate) for each in lanes))
    table.add_row("images waiting", *(waiting(each.waiting, each.waiting_bytes) for each in lanes))
    for stage in STAGES:
        times = [each.stages[stage] for each in lanes]
        words = (f"{milliseconds(each.p50)} / {milliseconds(each.p99)}" for each in times)
        table.add_row(STAGE_WORDS[stage], *words)
    return table


def _batches(pace: Pace, is_wide: bool) -> Table:
    table = _table(is_wide, "batches", "a second", "mean size", "p50 ms", "p99 ms")
    for name, each in pace.batches.items():
        mean = NONE if each.mean_rows is None else f"{each.mean_rows:.1f}"
        times = (milliseconds(each.p50), milliseconds(each.p99))
        table.add_row(name, rate(each.rate), mean, *times, style="" if each.rate else "dim")
    return table


def _drops(pace: Pace) -> RenderableType:
    lost = [f"{printable(name)} {rate(each)}" for name, each in pace.drops.items() if each]
    return Text.assemble(("dropped a second  ", "bold"), (", ".join(lost), "red") if lost else ("none", "dim"))


def _table(is_wide: bool, first: str, *others: str) -> Table:
    """Names on the left, numbers on the right of columns that stay where they are from one moment to the next."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2 if is_wide else 1, 0, 0))
    table.add_column(first, width=24 if is_wide else 17, overflow="ellipsis", no_wrap=True)
    for heading in others:
        table.add_column(heading, justify="right", min_width=9 if is_wide else 6, no_wrap=True)
    return table


def rate(number: float) -> str:
    """A number a second, with as many digits as tell something."""
    return NONE if not number else f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


def milliseconds(seconds: float | None) -> str:
    """A time in milliseconds, with as many digits as tell something."""
    if seconds is None:
        return NONE
    return f"{seconds * 1000:,.0f}" if seconds >= 0.1 else f"{seconds * 1000:.1f}"


def waiting(images: int, bytes_: int) -> str:
    """How many wait, and how large they are."""
    return f"{images:,} ({size(bytes_)})" if images else NONE


def duration(seconds: float) -> str:
    """A time that people read: the two largest units."""
    whole = timedelta(seconds=int(seconds))
    hours, minutes = whole.seconds // 3600, whole.seconds // 60 % 60
    parts: Sequence[tuple[int, str]] = ((whole.days, "d"), (hours, "h"), (minutes, "min"), (whole.seconds % 60, "s"))
    return " ".join(_largest(parts)) or "0 s"


def _largest(parts: Iterable[tuple[int, str]]) -> list[str]:
    told = [f"{number} {unit}" for number, unit in parts if number]
    return told[:2]
