"""The progress bar of commands that import: how many, how fast, how long still, and what became of them."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from lookalike.cli.output import err


class RateColumn(ProgressColumn):
    """Pictures in a second, lately."""

    def render(self, task: Task) -> Text:
        """Show nothing until there is something to measure."""
        return Text(f"{task.speed:,.1f}/s" if task.speed else "", style="progress.data.speed")


def bar(as_json: bool) -> Progress:
    """A bar on standard error, shown where there is a person to see it."""
    columns = (
        BarColumn(None),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    return Progress(*columns, console=err, disable=as_json or not err.is_terminal, expand=True)
