"""The async client: the methods of `lookalike.Client`, to be awaited or iterated with `async for`."""

# ruff: noqa: ASYNC109 - a timeout here is a deadline, which travels with the call so that the server knows it too

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence, Sized
from contextlib import aclosing, suppress
from functools import partial
from typing import Self, TypeVar

from lookalike import _calls, pictures, types
from lookalike._async import AsyncLink, in_threads
from lookalike._channel import Endpoint, StrPath
from lookalike._embedded import ImportEmbedded
from lookalike._searching import Answered, Query, SearchMany
from lookalike.errors import CollectionExists, CollectionNotFound
from lookalike.importing import Import, Importable
from lookalike.reembedding import PAGE, Reembed

Entry = TypeVar("Entry")


class AsyncClient:
    """A Lookalike server, from async code: `lookalike.Client`, whose documentation holds here, on one event loop.

    Pictures are read and hashed in threads. Where `Client` takes an iterable, an async one may be given too.
    """

    def __init__(
        self,
        target: str,
        *,
        tls: bool = False,
        ca: StrPath | None = None,
        cert: StrPath | None = None,
        key: StrPath | None = None,
        token: str | None = None,
    ) -> None:
        self._link = AsyncLink(Endpoint(target, tls=tls, ca=ca, cert=cert, key=key, token=token))
        self._max_image_bytes: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection; calls under way end with `Cancelled`."""
        await self._link.close()

    async def server_info(self, *, timeout: float | None = None) -> types.ServerInfo:
        """As `Client.server_info`."""
        return await self._link.call(_calls.server_info(), timeout)

    async def server_load(self, *, timeout: float | None = None) -> types.ServerLoad:
        """As `Client.server_load`."""
        return await self._link.call(_calls.server_load(), timeout)

    async def embed(
        self,
        picture: pictures.Picture,
        *,
        region: types.Region | None = None,
        model: str = "",
        timeout: float | None = None,
    ) -> types.Embedding:
        """As `Client.embed`."""
        call = await asyncio.to_thread(_calls.embed, picture, await self._max_bytes(timeout), region, model)
        return await self._link.call(call, timeout)

    async def search(
        self,
        query: types.Query,
        *,
        collection: str = "default",
        limit: int = 10,
        region: types.Region | None = None,
        filter: types.Filter | None = None,  # noqa: A002 - the word that users know
        prefer: types.ScenePreference | None = None,
        max_distance: float | None = None,
        group_distance: float | None = None,
        exact: bool = False,
        include_embeddings: bool = False,
        consistency: types.Consistency | str = types.Consistency.STRONG,
        tta: bool = False,
        timeout: float | None = None,
    ) -> types.SearchResult:
        """As `Client.search`."""
        options = _calls.SearchOptions(
            collection,
            limit,
            region,
            filter,
            max_distance,
            exact,
            include_embeddings,
            prefer,
            group_distance,
            consistency,
            tta,
        )
        call = await asyncio.to_thread(_calls.search, query, await self._max_bytes(timeout), options)
        return await self._link.call(call, timeout)

    def search_many(
        self,
        queries: Iterable[Query] | AsyncIterable[Query],
        *,
        collection: str = "default",
        limit: int = 10,
        region: types.Region | None = None,
        filter: types.Filter | None = None,  # noqa: A002 - the word that users know
        prefer: types.ScenePreference | None = None,
        max_distance: float | None = None,
        group_distance: float | None = None,
        exact: bool = False,
        include_embeddings: bool = False,
        consistency: types.Consistency | str = types.Consistency.STRONG,
        tta: bool = False,
    ) -> AsyncGenerator[Answered[Query], None]:
        """As `Client.search_many`."""
        options = _calls.SearchOptions(
            collection,
            limit,
            region,
            filter,
            max_distance,
            exact,
            include_embeddings,
            prefer,
            group_distance,
            consistency,
            tta,
        )

        async def start() -> SearchMany[Query]:
            return SearchMany(options, await self._max_bytes())

        return self._link.converse(start, queries)

    def import_images(
        self,
        items: Iterable[Importable] | AsyncIterable[Importable],
        *,
        collection: str = "default",
        labels: Mapping[str, str] | None = None,
        create: bool = True,
    ) -> AsyncGenerator[types.ImportProgress, None]:
        """As `Client.import_images`."""
        total = len(items) if isinstance(items, Sized) else None
        return self._import(items, collection, labels, create, lambda: total)

    def import_folder(
        self,
        folder: StrPath,
        *,
        collection: str = "default",
        recursive: bool = True,
        labels: Mapping[str, str] | None = None,
        pattern: str = "*",
        create: bool = True,
    ) -> AsyncGenerator[types.ImportProgress, None]:
        """As `Client.import_folder`."""
        found = in_threads(pictures.find(folder, recursive=recursive, pattern=pattern))
        count = partial(pictures.count, folder, recursive=recursive, pattern=pattern)
        return self._import(found, collection, labels, create, count)

    def import_embedded(
        self,
        images: Iterable[types.Embedded] | AsyncIterable[types.Embedded],
        *,
        model_id: str,
        collection: str = "default",
        labels: Mapping[str, str] | None = None,
        create: bool = True,
    ) -> AsyncGenerator[types.ImportProgress, None]:
        """As `Client.import_embedded`."""
        total = len(images) if isinstance(images, Sized) else None

        async def start() -> ImportEmbedded:
            await self._made(collection, create, model_id)
            return ImportEmbedded(collection, labels, total, model_id)

        return self._link.converse(start, images)

    async def missing_images(
        self, image_ids: Sequence[str], *, collection: str = "default", timeout: float | None = None
    ) -> list[str]:
        """As `Client.missing_images`."""
        calls = _calls.find_all_missing(image_ids, collection)
        return [image_id for call in calls for image_id in await self._link.call(call, timeout)]

    async def image(
        self,
        image_id: str,
        *,
        collection: str = "default",
        include_embedding: bool = False,
        timeout: float | None = None,
    ) -> types.Image:
        """As `Client.image`."""
        return await self._link.call(_calls.get_image(image_id, collection, include_embedding), timeout)

    def images(
        self,
        collection: str = "default",
        *,
        filter: types.Filter | None = None,  # noqa: A002 - the word that users know
        not_embedded_by: str = "",
        include_embeddings: bool = False,
        page_size: int = 100,
        timeout: float | None = None,
    ) -> AsyncIterator[types.Image]:
        """As `Client.images`."""
        return self._pages(
            lambda token: _calls.list_images(
                collection,
                filter,
                page_size,
                token,
                not_embedded_by=not_embedded_by,
                include_embeddings=include_embeddings,
            ),
            timeout,
        )

    def duplicates(
        self,
        collection: str = "default",
        *,
        max_distance: float | None = None,
        filter: types.Filter | None = None,  # noqa: A002 - the word that users know
        timeout: float | None = None,
    ) -> AsyncGenerator[types.DuplicateFinding, None]:
        """As `Client.duplicates`."""
        return self._link.stream(_calls.find_duplicates(collection, max_distance, filter), timeout)

    async def update_image(
        self,
        image_id: str,
        *,
        labels: Mapping[str, str],
        collection: str = "default",
        timeout: float | None = None,
    ) -> types.Image:
        """As `Client.update_image`."""
        return await self._link.call(_calls.update_image(image_id, collection, labels), timeout)

    async def delete_images(
        self,
        image_ids: str | Sequence[str],
        *,
        collection: str = "default",
        allow_missing: bool = False,
        timeout: float | None = None,
    ) -> int:
        """As `Client.delete_images`."""
        return await self._link.call(_calls.delete_images(image_ids, collection, allow_missing), timeout)

    def sources(
        self,
        collection: str = "default",
        *,
        path_prefix: str = "",
        page_size: int = 1_000,
        timeout: float | None = None,
    ) -> AsyncIterator[types.Sighting]:
        """As `Client.sources`."""
        return self._pages(lambda token: _calls.list_sources(collection, path_prefix, page_size, token), timeout)

    async def remove_sources(
        self,
        sightings: Iterable[types.Sighting],
        *,
        collection: str = "default",
        remove_images: bool = False,
        timeout: float | None = None,
    ) -> types.SourcesRemoved:
        """As `Client.remove_sources`."""
        calls = _calls.remove_all_sources(sightings, collection, remove_images)
        removed = [await self._link.call(call, timeout) for call in calls]
        return types.SourcesRemoved(sum(one.source_count for one in removed), sum(one.image_count for one in removed))

    async def collection(self, name: str, *, timeout: float | None = None) -> types.Collection:
        """As `Client.collection`."""
        return await self._link.call(_calls.get_collection(name), timeout)

    def collections(self, *, page_size: int = 100, timeout: float | None = None) -> AsyncIterator[types.Collection]:
        """As `Client.collections`."""
        return self._pages(lambda token: _calls.list_collections(page_size, token), timeout)

    async def create_collection(
        self, name: str, *, description: str = "", model: str = "", timeout: float | None = None
    ) -> types.Collection:
        """As `Client.create_collection`."""
        return await self._link.call(_calls.create_collection(name, description, model), timeout)

    async def update_collection(self, name: str, *, description: str, timeout: float | None = None) -> types.Collection:
        """As `Client.update_collection`."""
        return await self._link.call(_calls.update_collection(name, description), timeout)

    async def reembed(
        self, collection: str, *, model: str, drop_missing: bool = False, root: StrPath = ""
    ) -> AsyncGenerator[types.ReembedProgress, None]:
        """As `Client.reembed`."""
        done, failed = 0, set[str]()

        def lacking() -> AsyncIterator[types.Image]:
            listed = self.images(collection, not_embedded_by=model, page_size=PAGE)
            return (image async for image in listed if image.id not in failed)

        while count := len([1 async for _ in lacking()]):
            limit = await self._max_bytes()
            exchange = Reembed(collection, model, root=root, done=done, total=done + count, max_image_bytes=limit)
            async with aclosing(self._link.converse(partial(_itself, exchange), lacking())) as steps:
                async for step in steps:
                    done = step.done
                    if step.error:
                        failed.add(step.image_id)
                    yield step
        await self._link.call(_calls.switch_model(collection, model, drop_missing))

    async def delete_collection(self, name: str, *, timeout: float | None = None) -> int:
        """As `Client.delete_collection`."""
        return await self._link.call(_calls.delete_collection(name), timeout)

    async def _max_bytes(self, timeout: float | None = None) -> int:
        if self._max_image_bytes is None:
            self._max_image_bytes = (await self.server_info(timeout=timeout)).limits.max_image_bytes
        return self._max_image_bytes

    def _import(
        self,
        items: Iterable[Importable] | AsyncIterable[Importable],
        collection: str,
        labels: Mapping[str, str] | None,
        create: bool,
        count: Callable[[], int | None],
    ) -> AsyncGenerator[types.ImportProgress, None]:
        async def start() -> Import:
            total = await asyncio.to_thread(count)
            is_empty = (await self._made(collection, create)).image_count == 0
            return Import(collection, labels, total, await self._max_bytes(), is_empty=is_empty)

        return self._link.converse(start, items)

    async def _made(self, collection: str, create: bool, model: str = "") -> types.Collection:
        try:
            return await self.collection(collection)
        except CollectionNotFound:
            if not create:
                raise
        with suppress(CollectionExists):
            return await self._link.call(_calls.create_collection(collection, model=model, repeatable=True))
        return await self.collection(collection)

    def _pages(
        self, page: Callable[[str], _calls.Call[_calls.Page[Entry]]], timeout: float | None
    ) -> AsyncIterator[Entry]:
        return self._link.pages(page, timeout)


async def _itself(exchange: Reembed) -> Reembed:
    return exchange
