"""The use case of a search: whatever the query is becomes one vector, and the catalog finds what is near.

A search enters from `rpc`; its pictures go through `pipeline` in the interactive lane; its matches come from `catalog`.
"""

import asyncio
import math
from dataclasses import replace

import numpy as np

from lookalike_server import stages
from lookalike_server.catalog import limits
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.vectors import unit
from lookalike_server.errors import BadFilter, BadRequest, LookalikeError
from lookalike_server.pipeline.embed import Embedder, Picture
from lookalike_server.queries import Example, Examples, Ready, Search, Stored
from lookalike_server.records import Collection, Filter, Matches, Source, Vector

MAX_EXAMPLES = 32
NEGATIVE_WEIGHT = 0.5
"""How far the negatives push: Rocchio's weight, mildly."""


class Searcher:
    """Answers searches over one catalog."""

    def __init__(self, embedder: Embedder, catalog: Catalog) -> None:
        self._embedder = embedder
        self._catalog = catalog

    async def search(self, search: Search, deadline: float = math.inf) -> Matches:
        """The nearest images; `deadline` is on the monotonic clock.

        Raises every error that the proto lists for Search.
        """
        check(search)
        collection = await asyncio.to_thread(self._catalog.serving, search.collection)
        conditions = await self._conditions(search)
        vector = await self._vector(search.query, collection, deadline)
        with stages.timed("index"):
            return await asyncio.to_thread(
                self._catalog.search,
                search.collection,
                vector,
                limit=search.limit,
                wanted=conditions,
                max_distance=search.max_distance,
                exact=search.exact,
                with_vectors=search.with_vectors,
                without=stored_ids(search.query),
            )

    async def _vector(self, query: Example | Examples, collection: Collection, deadline: float) -> Vector:
        """The query as one vector, of any length: the catalog takes its direction."""
        if not isinstance(query, Examples):
            return await self._example(query, collection, deadline)
        if not query.positives or len(query.positives) + len(query.negatives) > MAX_EXAMPLES:
            raise BadRequest(f"give at least 1 positive example, and at most {MAX_EXAMPLES} examples in all")
        positives = await self._mean(query.positives, collection, deadline)
        if not query.negatives:
            return positives
        return positives - NEGATIVE_WEIGHT * await self._mean(query.negatives, collection, deadline)

    async def _mean(self, examples: tuple[Example, ...], collection: Collection, deadline: float) -> Vector:
        try:
            # A group, so that one bad example stops the others.
            async with asyncio.TaskGroup() as tasks:
                work = [tasks.create_task(self._example(each, collection, deadline)) for each in examples]
        except* LookalikeError as errors:
            raise errors.exceptions[0] from None
        mean: Vector = np.mean([task.result() for task in work], axis=0, dtype=np.float32)
        return mean

    async def _example(self, example: Example, collection: Collection, deadline: float) -> Vector:
        match example:
            case Picture():
                return await self._embedder.vector(example, deadline)
            case Stored(image_id):
                vectors = await asyncio.to_thread(self._catalog.vectors, collection.name, [image_id])
                return vectors[image_id]
            case Ready(vector):
                return unit(vector, collection.dim)

    async def _conditions(self, search: Search) -> Filter:
        """The filter, with `not_same_folder` spelled out."""
        if not search.not_same_folder:
            return search.filter
        return replace(search.filter, not_folders=await self._folders(search))

    async def _folders(self, search: Search) -> frozenset[str]:
        match search.query:
            case Picture(path=path) if path:
                return frozenset({Source(path).folder})
            case Stored(image_id):
                image = await asyncio.to_thread(self._catalog.image, search.collection, image_id)
                return frozenset(source.folder for source in image.sources)
            case _:
                raise BadFilter(
                    "not_same_folder needs a query that lies in a folder: a picture with its path, or an image id"
                )


def check(search: Search) -> None:
    """Refuse what the catalog would refuse, before anything is computed."""
    limits.check_limit(search.limit)
    limits.check_max_distance(search.max_distance)
    limits.check_filter(search.filter)
    for image_id in stored_ids(search.query):
        limits.check_id(image_id)


def stored_ids(query: Example | Examples) -> frozenset[str]:
    """The stored images that a query names: they are no answer to it."""
    examples = (*query.positives, *query.negatives) if isinstance(query, Examples) else (query,)
    return frozenset(each.image_id for each in examples if isinstance(each, Stored))
