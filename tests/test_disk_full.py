"""A full disk as a user of the SDK meets it: at once, by its name, and nothing lost."""

from pathlib import Path

import pytest
from tests.pictures import picture_bytes
from tests.rpc.conftest import full_disk

from lookalike import Client
from lookalike.errors import DiskFull
from lookalike_server.testing import serve


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
