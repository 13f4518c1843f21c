"""The way to the server that every command takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import lookalike
from lookalike.cli.output import friendly
from lookalike.errors import CollectionNotFound

NAMES_SHOWN = 20


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
        try:
            yield client
        except CollectionNotFound as error:
            raise CollectionNotFound(f"{error.message}. {_collections(client)}") from None


def _collections(client: "lookalike.Client") -> str:
    names = [each.name for each in islice(client.collections(), NAMES_SHOWN + 1)]
    if not names:
        return "This server has no collections yet: lookalike index DIR makes one."
    more = ", ..." if len(names) > NAMES_SHOWN else ""
    return f"This server has {', '.join(names[:NAMES_SHOWN])}{more}; --collection names one."
