"""A full disk as a user meets it: at once, by its name, only what found no room is refused, and nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.catalog.catalog_makers import arrival, ids, image_id, open_catalog, vector_of
from tests.disk import filled_up, small_disk
from tests.pictures import picture_bytes
from tests.rpc.conftest import Doors, doors, full_disk

from lookalike import Client
from lookalike.errors import DiskFull
from lookalike.v1 import image_service_pb2 as ipb
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.errors import DiskFull as NoRoom
from lookalike_server.records import Filter
from lookalike_server.testing import serve

SIZE = 16 * 2**20
LABELS = {f"k{number}": "v" * 1_000 for number in range(8)}
"""Of each picture, so that a few fill what is left."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of its own."""
    with small_disk(tmp_path, SIZE):
        yield tmp_path


def test_a_full_disk_is_told_within_the_calls_own_time(tmp_path: Path) -> None:
    with serve(data=tmp_path) as target, Client(target) as looks:
        (stored,) = looks.import_images([picture_bytes(1)], collection="kept")
        assert stored.image_id is not None
        with full_disk(tmp_path):
            with pytest.raises(DiskFull) as refused:
                looks.create_collection("new", timeout=10)
            with pytest.raises(DiskFull):
                looks.update_image(stored.image_id, collection="kept", labels={"k": "v" * 1000}, timeout=10)
        assert refused.value.retry_after == 30
        looks.create_collection("new")
        assert looks.image(stored.image_id, collection="kept").labels == {}


def test_an_import_that_fills_the_disk_loses_only_what_found_no_room(disk: Path) -> None:
    with doors(data=disk) as opened:
        kept = set(opened.make("kept", range(3)))
        with filled_up(disk, leaving=300_000):
            refused = []
            for seed in range(10, 90):
                answer = imported(opened, seed)
                if answer.status.code == 0:
                    kept.add(answer.image_id)
                else:
                    assert (answer.status.reason, answer.status.retry_after_ms) == ("DISK_FULL", 30_000)
                    refused.append(seed)
            assert len(kept) > 3, "it was filled by the import"
            assert refused
            assert listed(opened) == kept
        assert {imported(opened, seed).status.code for seed in refused} == {0}
        assert len(listed(opened)) == 83
    with open_catalog(disk, models={"tiny-1": 64}) as catalog:
        assert catalog.verify() == []


def imported(opened: Doors, seed: int) -> ipb.ImportImagesResponse:
    request = ipb.ImportImagesRequest(collection="kept", content=picture_bytes(seed), labels=LABELS)
    (answer,) = opened.images.ImportImages(iter([request]), timeout=30)
    found: ipb.ImportImagesResponse = answer
    return found


def listed(opened: Doors) -> set[str]:
    images = opened.images.ListImages(ipb.ListImagesRequest(collection="kept", page_size=1_000), timeout=10).images
    return {image.id for image in images}


def test_a_deletion_on_a_full_disk_is_done_or_refused_as_a_whole(disk: Path) -> None:
    with open_catalog(disk, small=5) as catalog:
        catalog.create_collection("c")
        catalog.add([arrival(number) for number in range(200)])
        doomed = [image_id(number) for number in range(100)]
        with filled_up(disk):
            with pytest.raises(NoRoom):
                catalog.delete_images("c", doomed)
            assert len(held(catalog)) == 200
            assert ids(catalog.search("c", vector_of(3), limit=1)) == [image_id(3)]
        assert catalog.delete_images("c", doomed) == 100
        assert image_id(3) not in ids(catalog.search("c", vector_of(3), limit=200, exact=True))
        assert catalog.verify() == []


def test_a_snapshot_that_finds_no_room_costs_nothing_but_itself(disk: Path) -> None:
    with open_catalog(disk, small=5, save_every=100) as catalog:
        catalog.create_collection("c")
        added = set[str]()
        with filled_up(disk, leaving=100_000):
            for first in range(0, 300, 10):
                try:
                    catalog.add([arrival(number) for number in range(first, first + 10)])
                except NoRoom:
                    break
                added |= {image_id(number) for number in range(first, first + 10)}
            assert catalog.settle(30)
            assert held(catalog) == added
            assert ids(catalog.search("c", vector_of(3), limit=1)) == [image_id(3)]
        assert not list(disk.rglob("*.json")), "no snapshot was published"
        catalog.add([arrival(number) for number in range(1_000, 1_200)])
        assert catalog.settle(30)
        assert list(disk.rglob("*.json"))
        assert catalog.verify() == []
    with open_catalog(disk, small=5) as catalog:
        assert len(held(catalog)) == len(added) + 200
        assert catalog.verify() == []


def held(catalog: Catalog) -> set[str]:
    return set(ids(catalog.images("c", Filter(), 1_000)[0]))
