"""What users write, with the types that they may rely on: checked by mypy and pyright, never run."""

import io
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import assert_type

import numpy as np
from numpy.typing import NDArray

from lookalike import (
    AsyncClient,
    Client,
    Embedded,
    Examples,
    Filter,
    GeoBox,
    ImportItem,
    Location,
    LookalikeError,
    Region,
    ScenePreference,
    Source,
    StoredImage,
    errors,
    types,
)


def searches(looks: Client, picture: bytes, vector: NDArray[np.float32]) -> None:
    result = looks.search("query.jpg", collection="holiday", limit=10, exact=True, include_embeddings=True)
    assert_type(result, types.SearchResult)
    looks.search(picture, tta=True)
    looks.search(vector)
    assert_type(result[0], types.Match)
    assert_type(result[:3], tuple[types.Match, ...])
    assert_type(len(result), int)
    for match in result:
        assert_type(match, types.Match)
        assert_type((match.rank, match.distance, match.score), tuple[int, float, float])
        assert_type(match.image, types.Image)
        assert_type(match.image.path, str | None)
        assert_type(match.image.labels, Mapping[str, str])
        assert_type(match.image.captured, datetime | None)
        assert_type(match.image.location, Location | None)
        assert_type(match.embedding, NDArray[np.float32] | None)
        assert_type(match.similar, tuple[types.Match, ...])
        assert_type((match.turned, match.mirrored), tuple[int, bool])
    assert_type(result.model_id, str)
    assert_type(result.measured_recall, float | None)
    assert_type(result.timings.total, float)
    assert_type(result.query_scenes, tuple[types.Scene, ...])


def queries(looks: Client, result: types.SearchResult, vector: NDArray[np.float32]) -> None:
    looks.search(Path("query.jpg"), region=Region(0, 0, 0.5, 1))
    looks.search(b"bytes")
    looks.search(io.BytesIO(b"bytes"))
    looks.search(StoredImage("ab" * 32))
    looks.search(result[0])
    looks.search(result[0].image)
    looks.search(vector)
    looks.search([0.5, 0.5])
    looks.search(looks.embed("query.jpg"))
    looks.search(Examples(positives=["query.jpg", result[0], vector], negatives=[StoredImage("cd" * 32)]))
    looks.search("query.jpg", prefer=ScenePreference(same_as_query=True), consistency="eventual", group_distance=0.3)


def filters(looks: Client, last_week: datetime) -> None:
    recent = Filter(labels={"camera": "A"}, captured_from=last_week, not_same_folder=True)
    near = Filter(box=GeoBox.around(38.7, -9.1, 25)) | Filter(scenes=["pier"])
    assert_type(recent & ~near, Filter)
    looks.search("query.jpg", filter=recent & near)


def many_searches(looks: Client, paths: list[Path], mixed: list[Path | StoredImage]) -> None:
    answers = looks.search_many(paths, collection="holiday")
    assert_type(answers, Generator[tuple[Path, types.SearchResult | LookalikeError], None, None])
    for path, answer in answers:
        assert_type(path, Path)
        if isinstance(answer, LookalikeError):
            assert_type(answer, LookalikeError)
            continue
        assert_type(answer, types.SearchResult)
    for query, _ in looks.search_many(mixed):
        assert_type(query, Path | StoredImage)


def imports(looks: Client, vector: NDArray[np.float32]) -> None:
    items = [ImportItem(b"bytes", path="s3://bucket/1.jpg", labels={"camera": "A"})]
    steps = looks.import_images(items, collection="holiday", labels={"year": "2025"})
    assert_type(steps, Generator[types.ImportProgress, None, None])
    for step in looks.import_folder(Path("photos"), recursive=False, pattern="IMG_*"):
        assert_type((step.done, step.total), tuple[int, int | None])
        assert_type(step.outcome, types.ImportOutcome)
        assert_type(step.error, LookalikeError | None)
        assert_type(step.image_id, str | None)
        if step.outcome is types.ImportOutcome.FAILED:
            assert_type(step.path, str | None)
    looks.import_images(["a.jpg", b"bytes", io.BytesIO(b"bytes"), ImportItem("b.jpg")])
    old = [Embedded("ab" * 32, vector, source=Source("/old/pier.jpg")), Embedded("cd" * 32, [0.5, 0.5])]
    assert_type(looks.import_embedded(old, model_id="m"), Generator[types.ImportProgress, None, None])
    steps.close()


def records(looks: Client) -> None:
    assert_type(looks.embed("query.jpg").vector, NDArray[np.float32])
    assert_type(looks.image("ab" * 32), types.Image)
    assert_type(looks.images("holiday", filter=Filter(scenes=["pier"])), Iterator[types.Image])
    assert_type(looks.update_image("ab" * 32, labels={"k": "v"}), types.Image)
    assert_type(looks.delete_images(["ab" * 32], allow_missing=True), int)
    assert_type(looks.missing_images(["ab" * 32]), list[str])
    assert_type(looks.collection("holiday"), types.Collection)
    assert_type(looks.collections(), Iterator[types.Collection])
    assert_type(looks.create_collection("holiday", model="m"), types.Collection)
    assert_type(looks.delete_collection("holiday"), int)
    assert_type(looks.reembed("holiday", model="m"), Generator[types.ReembedProgress, None, None])
    assert_type(looks.server_info().limits.formats, tuple[str, ...])
    assert_type(looks.server_info().models[0].dim, int)
    load = looks.server_load()
    times = load.request_seconds("Search") - looks.server_load().request_seconds("Search")
    assert_type(times, types.Histogram)
    assert_type(times.count, int)


def sources(looks: Client) -> None:
    sightings = looks.sources("holiday", path_prefix="/old/")
    assert_type(sightings, Iterator[types.Sighting])
    gone = [each for each in sightings if each.source.size_bytes == 0]
    assert_type(looks.remove_sources(gone, collection="holiday", remove_images=True), types.SourcesRemoved)


def duplicates(looks: Client) -> None:
    for found in looks.duplicates("holiday", max_distance=0.3):
        match found:
            case types.ExactDuplicates():
                assert_type(found.paths, tuple[str, ...])
            case types.DuplicateProgress():
                assert_type(found.done, int)
            case types.DuplicateGroup():
                assert_type(found.images, tuple[types.Image, ...])
            case types.DuplicateSummary():
                assert_type(found.false_positive_rate, float | None)


def failures(looks: Client) -> float | None:
    try:
        looks.search("query.jpg")
    except errors.QueueFull as error:
        assert_type((error.code, error.reason, error.message), tuple[str, str, str])
        return error.retry_after
    except (errors.ServerUnavailable, errors.ImageUnreadable) as error:
        assert_type(error, errors.ServerUnavailable | errors.ImageUnreadable)
    except LookalikeError as error:
        assert_type(error.retry_after, float | None)
    return None


def closing() -> None:
    with Client("localhost:50051", tls=True, ca=Path("ca.pem"), token="secret") as looks:  # noqa: S106 - none of ours
        assert_type(looks, Client)
        assert_type(looks.search("query.jpg", timeout=1.5)[0].distance, float)


async def asynchronous(paths: AsyncIterator[Path]) -> None:
    async with AsyncClient("localhost:50051") as looks:
        assert_type(looks, AsyncClient)
        assert_type(await looks.search("query.jpg"), types.SearchResult)
        assert_type((await looks.embed(b"bytes")).vector, NDArray[np.float32])
        answers = looks.search_many(paths)
        assert_type(answers, AsyncGenerator[tuple[Path, types.SearchResult | LookalikeError], None])
        async for path, answer in answers:
            assert_type(path, Path)
            assert_type(answer, types.SearchResult | LookalikeError)
        async for step in looks.import_folder("photos"):
            assert_type(step, types.ImportProgress)
        async for image in looks.images("holiday"):
            assert_type(image, types.Image)
        async for sighting in looks.sources("holiday"):
            assert_type(sighting.source.path, str)
        async for found in looks.duplicates():
            assert_type(found, types.DuplicateFinding)
        async for each in looks.reembed("holiday", model="m"):
            assert_type(each, types.ReembedProgress)
        assert_type([each.name async for each in looks.collections()], list[str])
        assert_type(await looks.server_info(), types.ServerInfo)
