"""The way to the server that every command takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import lookalike
from lookalike.cli.output import friendly


class Connection(NamedTuple):
    """Where the server is and what it asks for; whether errors are shown as JSON."""

    server: str
    token: str | None
    tls: bool
    ca: Path | None
    as_json: bool


@contextmanager
def connect(to: Connection) -> Iterator["lookalike.Client"]:
    """Give a client; errors of the SDK inside the block are shown and end the command."""
    with friendly(to.as_json), lookalike.Client(to.server, token=to.token, tls=to.tls, ca=to.ca) as client:
        yield client
