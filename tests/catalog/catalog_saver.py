"""A server in small: a catalog and a port; it writes a snapshot whose writer stands at a door.

Arguments: its folder, the door, and whether a child dies with its parent.
"""

import socket
import sys
from pathlib import Path
from typing import Any

from tests.catalog.catalog_makers import arrival, open_catalog

from lookalike_server.catalog import forking
from lookalike_server.catalog.hnsw import HnswIndex


def main(folder: Path, door: Path, *, deadly: bool) -> None:
    save = HnswIndex.save

    def save_behind_the_door(index: HnswIndex, path: Path) -> dict[str, Any]:
        door.read_bytes()
        return save(index, path)

    HnswIndex.save = save_behind_the_door  # type: ignore[method-assign, assignment]
    if not deadly:
        forking._prctl = None
    with socket.create_server(("127.0.0.1", 0)) as port, open_catalog(folder, small=10, save_every=60) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(60)])
        print(port.getsockname()[1], flush=True)
        catalog.settle(600)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), deadly=sys.argv[3] == "1")
