"""The use case of a search: whatever the query is becomes one vector, and the catalog finds what is near.

A search enters from `rpc`; its pictures go through `pipeline` in the interactive lane; its matches come from `catalog`.
"""

import asyncio
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from lookalike_server import stages
from lookalike_server.catalog import limits
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.generations import ModelSwitched
from lookalike_server.catalog.vectors import unit
from lookalike_server.errors import BadFilter, BadRequest, LookalikeError
from lookalike_server.pipeline.embed import Embedder, Picture
from lookalike_server.pipeline.lane import Lane
from lookalike_server.queries import Example, Examples, Ready, ScenePreference, Search, Stored
from lookalike_server.records import Collection, Filter, Matches, Preference, Scene, Source, Turn, Vector

MAX_EXAMPLES = 32
NEGATIVE_WEIGHT = 0.5
"""How far the negatives push: Rocchio's weight, mildly."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of a query."""

    vector: Vector
    """Of any length: the catalog takes its direction."""
    scenes: tuple[Scene, ...] = ()
    """Most likely first."""
    paths: frozenset[str] = frozenset()
    """Where it lies."""
    turned: Mapping[Turn, Vector] = field(default_factory=dict)
    """What became of it mirrored and turned, where that is asked for."""


class Searcher:
    """Answers searches over one catalog; `embedders` by the id of their model."""

    def __init__(self, embedders: Mapping[str, Embedder], catalog: Catalog) -> None:
        self._embedders = embedders
        self._catalog = catalog

    async def search(self, search: Search, deadline: float = math.inf) -> Matches:
        """The nearest images; `deadline` is on the monotonic clock.

        Raises every error that the proto lists for Search.
        """
        check(search)
        while True:
            with suppress(ModelSwitched):  # a vector of the model before cannot be compared with what is there now
                return await self._found(search, deadline)

    async def _found(self, search: Search, deadline: float) -> Matches:
        collection = self._catalog.serving(search.collection)
        seen = await self._seen(search, collection, deadline)
        with stages.timed("index"):
            found = await asyncio.to_thread(
                self._catalog.search,
                search.collection,
                seen.vector,
                limit=search.limit,
                wanted=conditions(search, seen),
                max_distance=search.max_distance,
                exact=search.exact,
                with_vectors=search.with_vectors,
                without=stored_ids(search.query),
                preference=preference(search.prefer, seen),
                model_id=collection.model_id,
                group_distance=search.group_distance,
                eventual=search.eventual,
                turned=seen.turned,
            )
        return replace(found, query_scenes=seen.scenes)

    async def _seen(self, search: Search, collection: Collection, deadline: float) -> Seen:
        match query := search.query:
            case Picture():
                return await self._looked_at(query, search.tta, self._embedders[collection.model_id], deadline)
            case Stored(image_id):
                image = await asyncio.to_thread(self._catalog.image, collection.name, image_id)
                paths = frozenset(source.path for source in image.sources)
                return Seen(await self._example(query, collection, deadline), image.scenes, paths)
            case Ready():
                return Seen(await self._example(query, collection, deadline))
            case Examples():
                return Seen(await self._between(query, collection, deadline))

    async def _looked_at(self, query: Picture, tta: bool, embedder: Embedder, deadline: float) -> Seen:
        paths = frozenset({query.path} - {""})
        if not tta:
            content = await embedder.embed(query, Lane.INTERACTIVE, deadline)
            return Seen(content.vector, content.scenes, paths)
        content, turned = await embedder.embed_turned(query, deadline)
        return Seen(content.vector, content.scenes, paths, turned)

    async def _between(self, query: Examples, collection: Collection, deadline: float) -> Vector:
        """Towards the positives and away from the negatives."""
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
                return await self._embedders[collection.model_id].vector(example, deadline)
            case Stored(image_id):
                vectors = await asyncio.to_thread(self._catalog.vectors, collection.name, [image_id])
                return vectors[image_id]
            case Ready(vector):
                return unit(vector, collection.dim)


def conditions(search: Search, seen: Seen) -> Filter:
    """The filter, with what it says relative to the query spelled out."""
    wanted = search.filter
    if search.not_same_folder:
        wanted = replace(wanted, not_folders=frozenset(Source(path).folder for path in seen.paths))
    if search.not_same_source:
        wanted = replace(wanted, not_paths=seen.paths)
    if search.same_scene:
        same = frozenset({seen.scenes[0].name if seen.scenes else ""})
        wanted = replace(wanted, scenes=same if wanted.scenes is None else same & wanted.scenes)
    return wanted


def preference(prefer: ScenePreference | None, seen: Seen) -> Preference | None:
    """The preference, with the query's own scenes spelled out."""
    if prefer is None:
        return None
    return Preference(prefer.scenes, seen.scenes if prefer.same_as_query else (), prefer.weight)


def check(search: Search) -> None:
    """Refuse what the catalog would refuse, before anything is computed."""
    limits.check_limit(search.limit)
    limits.check_max_distance(search.max_distance)
    limits.check_group_distance(search.group_distance)
    limits.check_filter(search.filter)
    if search.prefer is not None:
        limits.check_preference(search.prefer.scenes, search.prefer.weight)
    if search.tta and not isinstance(search.query, Picture):
        raise BadRequest("only a picture can be mirrored and turned: leave tta out for other queries")
    check_relative(search)
    for image_id in stored_ids(search.query):
        limits.check_id(image_id)


def check_relative(search: Search) -> None:
    """Refuse what is asked relative to a query that lies nowhere or shows nothing."""
    query, prefer = search.query, search.prefer
    lies = isinstance(query, Stored) or (isinstance(query, Picture) and query.path != "")
    if (search.not_same_folder or search.not_same_source) and not lies:
        raise BadFilter(
            "not_same_folder and not_same_source need a query with a place: a picture with its path, or an image id"
        )
    if isinstance(query, Picture | Stored):
        return
    if search.same_scene:
        raise BadFilter("same_scene needs a query that shows a scene: a picture, or an image id")
    if prefer is not None and prefer.same_as_query:
        raise BadRequest("to prefer what the query shows, search by a picture or an image id; or name the scenes")


def stored_ids(query: Example | Examples) -> frozenset[str]:
    """The stored images that a query names: they are no answer to it."""
    examples = (*query.positives, *query.negatives) if isinstance(query, Examples) else (query,)
    return frozenset(each.image_id for each in examples if isinstance(each, Stored))
