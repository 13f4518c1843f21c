"""A damaged database is told at the start and in every call that comes upon it, with the way out and no traceback."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.catalog.catalog_makers import arrival, image_id, open_catalog, units
from tests.rpc.conftest import Doors, doors

from lookalike.v1 import image_service_pb2 as ipb

COUNT, DIM = 2_000, 64
WAY_OUT = "restore"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalog of the tiny model, of many pages."""
    with open_catalog(tmp_path, models={"tiny-1": DIM}) as catalog:
        catalog.create_collection("c")
        vectors = units(COUNT, DIM)
        catalog.add([arrival(n, path=f"/a/{n}", labels={"k": "v"}, vector=vectors[n]) for n in range(COUNT)])
    return tmp_path


def overwrite(folder: Path, first: float) -> None:
    """All of the database beyond this share of it."""
    with (folder / "catalog.db").open("r+b") as file:
        size = file.seek(0, 2)
        start = int(first * size) // 4096 * 4096
        file.seek(start)
        file.write(b"\xa5" * (size - start))


@pytest.mark.parametrize("command", ["serve", "verify"])
@pytest.mark.parametrize("first", [0, 0.5])
def test_a_start_on_a_damaged_database_ends_in_a_sentence(folder: Path, command: str, first: float) -> None:
    overwrite(folder, first)
    address = ("--address", "127.0.0.1:0") if command == "serve" else ()
    line = [sys.executable, "-m", "lookalike_server", command, "--data", str(folder), "--model", "tiny", *address]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "catalog.db cannot be used" in done.stderr + done.stdout
    assert WAY_OUT in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def list_all(opened: Doors) -> Any:
    return opened.images.ListImages(ipb.ListImagesRequest(collection="c", page_size=1_000), timeout=30)


def delete_many(opened: Doors) -> Any:
    ids = [image_id(number) for number in range(1_000)]
    return opened.images.DeleteImages(ipb.DeleteImagesRequest(collection="c", image_ids=ids), timeout=30)


@pytest.mark.parametrize("call", [list_all, delete_many])
def test_a_call_that_comes_upon_damage_says_the_way_out(folder: Path, call: Callable[[Doors], Any]) -> None:
    with doors(data=folder) as opened:
        overwrite(folder, 0.1)
        with pytest.raises(grpc.RpcError) as raised:
            call(opened)
        error: Any = raised.value
        assert error.code() is grpc.StatusCode.INTERNAL
        assert "catalog.db cannot be used" in error.details()
        assert WAY_OUT in error.details()
        assert "sqlite3" not in error.details()
