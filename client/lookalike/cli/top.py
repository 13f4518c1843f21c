"""`lookalike top`: a live view of what a server does, from any machine that may talk to it; needs no metrics port."""

import time
from collections.abc import Iterator
from typing import Annotated

import typer

import lookalike
from lookalike.cli.connection import Connection, connect
from lookalike.cli.options import DEFAULT_SERVER, Ca, Server, Tls, Token
from lookalike.cli.output import FAILED
from lookalike.cli.pace import pace
from lookalike.cli.views import View, view
from lookalike.errors import DeadlineExceeded, LookalikeError, Unavailable
from lookalike.load import ServerLoad

ANSWER_SECONDS = 5.0

Interval = Annotated[float, typer.Option("--interval", "-i", min=0.1, help="Seconds between two readings.")]
Count = Annotated[int | None, typer.Option("--count", "-n", min=1, help="Leave after so many intervals.")]
Once = Annotated[bool, typer.Option("--once", help="Leave after one interval.")]
AsLines = Annotated[bool, typer.Option("--json", help="Print one JSON object an interval, each on a line.")]


def top(
    *,
    interval: Interval = 2.0,
    count: Count = None,
    once: Once = False,
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsLines = False,
) -> None:
    """Watch a server work: rates, queues, times, batch sizes.

    Ctrl-C ends it. With --count or --once, exit status 1 when the last interval brought no answer.
    """
    try:
        with connect(Connection(server, token, tls, ca, as_json)) as client, view(server, as_json) as shown:
            well = _watch(_readings(client, interval), 1 if once else count, shown)
    except KeyboardInterrupt:
        return
    if not well:
        raise typer.Exit(FAILED)


def _watch(readings: Iterator[ServerLoad | LookalikeError], rounds: int | None, shown: View) -> bool:
    """Show what lies between readings, for so many intervals; whether the last could be shown."""
    before: ServerLoad | None = None
    for number, reading in enumerate(readings):
        well = False
        if isinstance(reading, LookalikeError):
            before = None
            shown.lost(reading)
        else:
            # A server that was started meanwhile counts from nothing again.
            if before is not None and before.started == reading.started:
                well = True
                shown.show(pace(before, reading))
            before = reading
        if number == rounds:
            return well
    return True


def _readings(client: "lookalike.Client", interval: float) -> Iterator[ServerLoad | LookalikeError]:
    """A reading, or why there was none, once in each interval. Raises what waiting cannot mend."""
    due = time.monotonic()
    while True:
        yield _reading(client)
        now = time.monotonic()
        due = max(due + interval, now)
        time.sleep(due - now)


def _reading(client: "lookalike.Client") -> ServerLoad | LookalikeError:
    try:
        return client.server_load(timeout=ANSWER_SECONDS)
    except (Unavailable, DeadlineExceeded) as error:
        return error
