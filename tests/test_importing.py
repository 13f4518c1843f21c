"""The import's use case on its own event loop, with real parts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.pictures import picture_bytes

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.errors import LookalikeError
from lookalike_server.importing import Importer, Item
from lookalike_server.models import registry
from lookalike_server.pipeline.batch import Batcher
from lookalike_server.pipeline.decode import Decoder
from lookalike_server.pipeline.embed import Embedder
from lookalike_server.records import Arrival, Outcome, Source


class CountingCatalog(Catalog):
    """A catalog that counts its commits."""

    commits = 0

    def add(self, arrivals: Sequence[Arrival]) -> list[Outcome | LookalikeError]:
        self.commits += 1
        return super().add(arrivals)


LONG = 3600.0
"""Seconds: a pause that no test waits for."""


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[tuple[Importer, CountingCatalog]]:
    model = registry.load("tiny")
    batcher = Batcher(model.engine(threads=1).embed)
    decoder = Decoder(model, threads=2, max_bytes=10**7, max_pixels=10**7)
    with CountingCatalog(tmp_path, models={model.id: model.dim}) as catalog:
        catalog.create_collection("c")
        importer = Importer({model.id: Embedder(decoder, batcher)}, catalog, pause=LONG)
        batcher.start()
        importer.start()
        yield importer, catalog
        await importer.close()
        batcher.close()
        decoder.close()


async def test_what_is_ready_together_is_committed_together(parts: tuple[Importer, CountingCatalog]) -> None:
    importer, catalog = parts
    known = picture_bytes(0)
    image_id, outcome = await importer.store(Item("c", known))
    assert outcome is Outcome.CREATED
    catalog.commits = 0
    outcomes = await asyncio.gather(*(importer.store(Item("c", image_id=image_id)) for _ in range(50)))
    assert {outcome for _, outcome in outcomes} == {Outcome.EXISTED}
    assert catalog.commits <= 2


async def test_a_commit_waits_for_all_that_is_on_its_way(parts: tuple[Importer, CountingCatalog]) -> None:
    importer, catalog = parts
    outcomes = await asyncio.gather(*(importer.store(Item("c", picture_bytes(number))) for number in range(40)))
    assert {outcome for _, outcome in outcomes} == {Outcome.CREATED}
    assert catalog.commits == 1


async def test_a_fault_that_nobody_foresaw_costs_the_one_who_brings_it(
    parts: tuple[Importer, CountingCatalog],
) -> None:
    importer, _catalog = parts
    image_id, _ = await importer.store(Item("c", picture_bytes(0)))
    unforeseen = Source("x", 2**80)  # rpc lets no such time through; SQLite has no such integer
    items = [Item("c", image_id=image_id, source=Source(f"{n}.png") if n != 3 else unforeseen) for n in range(7)]
    results = await asyncio.gather(*map(importer.store, items), return_exceptions=True)
    assert [isinstance(result, Exception) for result in results] == [n == 3 for n in range(7)]


async def test_a_picture_deleted_just_now_is_new_again(parts: tuple[Importer, CountingCatalog]) -> None:
    importer, catalog = parts
    content = picture_bytes(0)
    image_id, _ = await importer.store(Item("c", content))
    committing = catalog.add

    def add(arrivals: Sequence[Arrival]) -> list[Outcome | LookalikeError]:
        """Delete between the look and the commit, as another client might."""
        if arrivals[0].content is None:
            catalog.delete_images("c", [image_id])
        return committing(arrivals)

    catalog.add = add  # type: ignore[method-assign]
    assert await importer.store(Item("c", content)) == (image_id, Outcome.CREATED)


async def test_the_same_picture_a_hundred_times_at_once_is_created_once(
    parts: tuple[Importer, CountingCatalog],
) -> None:
    importer, catalog = parts
    stored = await asyncio.gather(*(importer.store(Item("c", picture_bytes(1))) for _ in range(100)))
    outcomes = [outcome for _, outcome in stored]
    assert outcomes.count(Outcome.CREATED) == 1
    assert catalog.collection("c").image_count == 1


async def test_an_import_goes_on_after_its_caller_has_left(parts: tuple[Importer, CountingCatalog]) -> None:
    importer, catalog = parts
    left = [asyncio.create_task(importer.store(Item("c", picture_bytes(seed)))) for seed in range(5)]
    await asyncio.sleep(0)
    for task in left[:3]:
        task.cancel()
    results = await asyncio.gather(*left, return_exceptions=True)
    assert [isinstance(result, asyncio.CancelledError) for result in results] == [True] * 3 + [False] * 2
    image_id, outcome = await importer.store(Item("c", picture_bytes(9)))
    assert outcome is Outcome.CREATED
    assert np.isfinite(catalog.vectors("c", [image_id])[image_id]).all()
