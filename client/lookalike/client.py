"""The sync client."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import closing, suppress
from functools import partial
from typing import Self, TypeVar

from lookalike import _calls, pictures, types
from lookalike._channel import Endpoint, StrPath
from lookalike._embedded import ImportEmbedded
from lookalike._searching import Answered, Query, SearchMany
from lookalike._sync import SyncLink
from lookalike.errors import CollectionExists, CollectionNotFound
from lookalike.importing import Import, Importable
from lookalike.reembedding import PAGE, Reembed

Entry = TypeVar("Entry")


class Client:
    """A Lookalike server, from plain code; any number of threads may share one client.

    `target` is `host:port`; `dns:///name:port` and `ipv4:a:port,b:port` spread calls over all servers behind them.
    `tls=True` trusts the system's certificates; `ca` names a PEM file of others, `cert` and `key` the client's own.
    `token` goes with every call: without TLS anyone on the way can read it.

    The connection opens with the first call. Every method raises only `lookalike.LookalikeError`s, but for mistakes
    of the program (a wrong type, a folder that is none). `timeout` is in seconds, retries included; without one it is
    30, and 300 for removals; where nothing listens a call is given up after about 1.5. The server's limits are asked
    for once. Raises BadRequest for a target that names no server, OSError for a PEM file that cannot be read.
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
        self._link = SyncLink(Endpoint(target, tls=tls, ca=ca, cert=cert, key=key, token=token))
        self._max_image_bytes: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; calls under way end with `Cancelled`."""
        self._link.close()

    def server_info(self, *, timeout: float | None = None) -> types.ServerInfo:
        """Models, limits and versions of the server; answers while its model loads."""
        return self._link.call(_calls.server_info(), timeout)

    def server_load(self, *, timeout: float | None = None) -> types.ServerLoad:
        """What the server has done since it started and what it holds now; answers while its model loads.

        Rates and percentiles are differences of two readings: see `lookalike.load`.
        """
        return self._link.call(_calls.server_load(), timeout)

    def embed(
        self,
        picture: pictures.Picture,
        *,
        region: types.Region | None = None,
        model: str = "",
        timeout: float | None = None,
    ) -> types.Embedding:
        """The embedding of a picture or a region of it: `.vector`, float32, [dim], L2-normalised. Nothing is stored.

        `model` is the id or name of a model that the server runs; without one it is the first.

        Raises ImageUnreadable, ImageTooLarge, ImageUndecodable, BadRegion, BadRequest, QueueFull.
        """
        return self._link.call(_calls.embed(picture, self._max_bytes(timeout), region, model), timeout)

    def search(
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
        """The images of a collection nearest to a query, nearest first; distances run from 0 to 2.

        The query is a picture (path, bytes, binary file), a stored image (`StoredImage(id)`, an `Image`, a `Match`), a
        vector (`Embedding`, numpy array, sequence of floats; [dim]) or `Examples`. `exact` compares with every vector.
        `filter` leaves images out; `prefer` ranks those of some scenes higher, and the distances stay what they are.
        With `max_distance` all that are at most so far away come, up to `limit`; with `group_distance` what is at most
        so far from a better match stands among its `similar`. An eventual `consistency` may miss the latest images.
        With `tta` the query, a picture, is looked for mirrored and turned by 90 degrees, too: eight queries in one, and
        each match says how the query was `turned` and `mirrored` when it came nearest.

        Raises ImageUnreadable, ImageTooLarge, ImageUndecodable, BadRegion, BadFilter, BadRequest, DimensionMismatch,
        CollectionNotFound, ImageNotFound, ModelMismatch, QueueFull.
        """
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
        return self._link.call(_calls.search(query, self._max_bytes(timeout), options), timeout)

    def search_many(
        self,
        queries: Iterable[Query],
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
    ) -> Generator[Answered[Query], None, None]:
        """Each query with its result, or with the error that it alone met, as answers come: not in order.

        Takes up to 32 queries ahead of the answers; `search` says what queries and options are. A busy or restarting
        server is waited for; raises Unavailable, ResourceExhausted when that takes longer than about 40 seconds. What
        can be no query is the program's mistake, not the query's: TypeError ends the stream.
        """
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
        return self._link.converse(lambda: SearchMany(options, self._max_bytes()), queries)

    def import_images(
        self,
        items: Iterable[Importable],
        *,
        collection: str = "default",
        labels: Mapping[str, str] | None = None,
        create: bool = True,
    ) -> Generator[types.ImportProgress, None, None]:
        """Bring pictures, or `ImportItem`s, into a collection; unless `create` is off, a missing one is made.

        Yields once per item, as soon as it is safe on the server's disk or has failed; not in order. Only bytes that
        the collection does not hold travel. Items are taken 64 at a time. A picture that cannot be read or decoded, or
        that comes with labels that cannot be sent, is one failed item. A busy server is waited for and a broken
        connection taken up again, about 40 seconds long without progress; running an import again goes on where it
        stopped. Closing the iterator ends the import.

        Raises CollectionNotFound, ModelMismatch, Unavailable, ResourceExhausted; TypeError for what is no picture.
        """
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
    ) -> Generator[types.ImportProgress, None, None]:
        """Bring a folder's pictures into a collection, as `import_images`, each with its absolute path as source.

        A picture is a file with the suffix of one, whose name matches `pattern` (such as `IMG_*`) and is not hidden.
        Folders that are symbolic links are not entered. Raises NotADirectoryError besides.
        """
        found = pictures.find(folder, recursive=recursive, pattern=pattern)
        count = partial(pictures.count, folder, recursive=recursive, pattern=pattern)
        return self._import(found, collection, labels, create, count)

    def import_embedded(
        self,
        images: Iterable[types.Embedded],
        *,
        model_id: str,
        collection: str = "default",
        labels: Mapping[str, str] | None = None,
        create: bool = True,
    ) -> Generator[types.ImportProgress, None, None]:
        """Bring images that come as ready embeddings, without pictures, into a collection.

        The model of `model_id` must have made them and be the collection's; a missing one is made for it. Yields,
        waits and goes on after a break as `import_images` does; an image that is held keeps its embedding. A vector or
        scenes that the server refuses are one failed item.

        Raises CollectionNotFound, ModelMismatch, BadRequest (`create`, and a model that is not served), Unavailable,
        ResourceExhausted; TypeError for what is no `Embedded`.
        """
        total = len(images) if isinstance(images, Sized) else None

        def start() -> ImportEmbedded:
            self._made(collection, create, model_id)
            return ImportEmbedded(collection, labels, total, model_id)

        return self._link.converse(start, images)

    def missing_images(
        self, image_ids: Sequence[str], *, collection: str = "default", timeout: float | None = None
    ) -> list[str]:
        """Those of the ids (SHA-256 in hexadecimal) that the collection does not hold, in the order given."""
        calls = _calls.find_all_missing(image_ids, collection)
        return [image_id for call in calls for image_id in self._link.call(call, timeout)]

    def image(
        self,
        image_id: str,
        *,
        collection: str = "default",
        include_embedding: bool = False,
        timeout: float | None = None,
    ) -> types.Image:
        """One image's record. Raises ImageNotFound, CollectionNotFound."""
        return self._link.call(_calls.get_image(image_id, collection, include_embedding), timeout)

    def images(
        self,
        collection: str = "default",
        *,
        filter: types.Filter | None = None,  # noqa: A002 - the word that users know
        not_embedded_by: str = "",
        include_embeddings: bool = False,
        page_size: int = 100,
        timeout: float | None = None,
    ) -> Iterator[types.Image]:
        """All images of a collection that the filter admits, oldest first, a page at a time (`timeout` is a page's).

        `not_embedded_by` names a model that the server runs: only images that it has made no vector of.
        With `include_embeddings` each has its `.embedding`.

        Raises CollectionNotFound, BadFilter, BadRequest.
        """
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
    ) -> Generator[types.DuplicateFinding, None, None]:
        """Duplicates among the images of a collection that the filter admits.

        Yields, in this order, an `ExactDuplicates` for each image that was seen at several places, a `DuplicateGroup`
        for each group of near-duplicates, the largest first, and a `DuplicateSummary`, which states the rate of false
        positives; and in between, `DuplicateProgress`. Images that a chain of neighbours at most
        `max_distance` apart (the server's default: see docs/benchmarks.md) connects are one group. Closing the iterator
        ends the work; `timeout` is for all of it, and without one it may take its time.

        Raises CollectionNotFound, ModelMismatch, BadFilter, BadRequest.
        """
        return self._link.stream(_calls.find_duplicates(collection, max_distance, filter), timeout)

    def update_image(
        self,
        image_id: str,
        *,
        labels: Mapping[str, str],
        collection: str = "default",
        timeout: float | None = None,
    ) -> types.Image:
        """Give an image these labels and no others. Raises ImageNotFound, CollectionNotFound, BadRequest."""
        return self._link.call(_calls.update_image(image_id, collection, labels), timeout)

    def delete_images(
        self,
        image_ids: str | Sequence[str],
        *,
        collection: str = "default",
        allow_missing: bool = False,
        timeout: float | None = None,
    ) -> int:
        """Remove images, all or none; the number removed. Raises ImageNotFound (unless `allow_missing`), BadRequest."""
        return self._link.call(_calls.delete_images(image_ids, collection, allow_missing), timeout)

    def sources(
        self,
        collection: str = "default",
        *,
        path_prefix: str = "",
        page_size: int = 1_000,
        timeout: float | None = None,
    ) -> Iterator[types.Sighting]:
        """Where a collection's images were seen, by path: of all sources, or of those whose path begins so.

        Fetched a page at a time (`timeout` is a page's); what comes or goes meanwhile neither repeats nor hides others.

        Raises CollectionNotFound, BadRequest.
        """
        return self._pages(lambda token: _calls.list_sources(collection, path_prefix, page_size, token), timeout)

    def remove_sources(
        self,
        sightings: Iterable[types.Sighting],
        *,
        collection: str = "default",
        remove_images: bool = False,
        timeout: float | None = None,
    ) -> types.SourcesRemoved:
        """Take back that images were seen at these paths, because the files have moved, changed or gone.

        Of each source only the path counts; what no image has is passed over. An image that would lose its last source
        keeps the one that it was seen at last; with `remove_images` it is removed. A thousand sightings travel at once
        (`timeout` is for each such call): all or none of them.

        Raises CollectionNotFound, BadRequest.
        """
        calls = _calls.remove_all_sources(sightings, collection, remove_images)
        removed = [self._link.call(call, timeout) for call in calls]
        return types.SourcesRemoved(sum(one.source_count for one in removed), sum(one.image_count for one in removed))

    def collection(self, name: str, *, timeout: float | None = None) -> types.Collection:
        """One collection. Raises CollectionNotFound."""
        return self._link.call(_calls.get_collection(name), timeout)

    def collections(self, *, page_size: int = 100, timeout: float | None = None) -> Iterator[types.Collection]:
        """All collections by name, fetched a page at a time (`timeout` is a page's)."""
        return self._pages(lambda token: _calls.list_collections(page_size, token), timeout)

    def create_collection(
        self, name: str, *, description: str = "", model: str = "", timeout: float | None = None
    ) -> types.Collection:
        """Make an empty collection, of the first model that the server runs unless `model` names another by id or name.

        Raises CollectionExists, BadRequest.
        """
        return self._link.call(_calls.create_collection(name, description, model), timeout)

    def update_collection(self, name: str, *, description: str, timeout: float | None = None) -> types.Collection:
        """Give a collection another description. Raises CollectionNotFound, BadRequest."""
        return self._link.call(_calls.update_collection(name, description), timeout)

    def reembed(
        self, collection: str, *, model: str, drop_missing: bool = False, root: StrPath = ""
    ) -> Generator[types.ReembedProgress, None, None]:
        """Give a collection to another model: every image is embedded again from its source, then all switch at once.

        `model` is the id or name of a model that the server runs. Pictures are read from this machine: of an image's
        sources the first whose bytes are still the image's; relative ones start at `root`. Yields once per image, as
        soon as its new vector is safe or it has failed. Searches and imports go on with the vectors in use; what is
        imported meanwhile is embedded too. Where images have failed, `drop_missing` removes them with the switch (and
        whatever arrives at that very moment: do not import then), but never all; else ReembedIncomplete is raised at
        the end and the collection stays as it was. Run again, it goes on where it stopped.

        Raises BadRequest (a model that is not served), CollectionNotFound, ModelMismatch (it belongs to this model
        already), ReembedIncomplete, Unavailable, ResourceExhausted.
        """
        done, failed = 0, set[str]()

        def lacking() -> Iterator[types.Image]:
            listed = self.images(collection, not_embedded_by=model, page_size=PAGE)
            return (image for image in listed if image.id not in failed)

        while count := sum(1 for _ in lacking()):  # more than once where images arrive meanwhile
            limit = self._max_bytes()
            exchange = Reembed(collection, model, root=root, done=done, total=done + count, max_image_bytes=limit)
            with closing(self._link.converse(partial(_itself, exchange), lacking())) as steps:
                for step in steps:
                    done = step.done
                    if step.error:
                        failed.add(step.image_id)
                    yield step
        self._link.call(_calls.switch_model(collection, model, drop_missing))

    def delete_collection(self, name: str, *, timeout: float | None = None) -> int:
        """Remove a collection and every image in it; the number of images removed. Raises CollectionNotFound."""
        return self._link.call(_calls.delete_collection(name), timeout)

    def _max_bytes(self, timeout: float | None = None) -> int:
        if self._max_image_bytes is None:
            self._max_image_bytes = self.server_info(timeout=timeout).limits.max_image_bytes
        return self._max_image_bytes

    def _import(
        self,
        items: Iterable[Importable],
        collection: str,
        labels: Mapping[str, str] | None,
        create: bool,
        count: Callable[[], int | None],
    ) -> Generator[types.ImportProgress, None, None]:
        def start() -> Import:
            total = count()
            is_empty = self._made(collection, create).image_count == 0
            return Import(collection, labels, total, self._max_bytes(), is_empty=is_empty)

        return self._link.converse(start, items)

    def _made(self, collection: str, create: bool, model: str = "") -> types.Collection:
        """The collection, made where it is missing."""
        try:
            return self.collection(collection)
        except CollectionNotFound:
            if not create:
                raise
        with suppress(CollectionExists):
            return self._link.call(_calls.create_collection(collection, model=model, repeatable=True))
        return self.collection(collection)

    def _pages(self, page: Callable[[str], _calls.Call[_calls.Page[Entry]]], timeout: float | None) -> Iterator[Entry]:
        return self._link.pages(page, timeout)


def _itself(exchange: Reembed) -> Reembed:
    return exchange
