"""What users must not write: each line is an error to mypy and to pyright, and would be a failure if it were not.

Both checkers report an `ignore` that silences nothing.
"""

from lookalike import AsyncClient, Client, Examples, Filter, ImportItem, Region, types


def sync(looks: Client, result: types.SearchResult, image: types.Image) -> None:
    Client()  # type: ignore[call-arg]
    Client("localhost:50051", "secret")  # type: ignore[arg-type, call-arg]
    looks.search(5)  # type: ignore[arg-type]
    looks.search("query.jpg", "holiday")  # type: ignore[call-arg]
    looks.search("query.jpg", limit="10")  # type: ignore[arg-type]
    looks.search("query.jpg", filter={"labels": {}})  # type: ignore[arg-type]
    looks.search("query.jpg", region=(0, 0, 1, 1))  # type: ignore[arg-type]
    looks.search_many([5])  # type: ignore[type-var]
    looks.import_images([5])  # type: ignore[list-item]
    looks.import_folder("photos", labels={"year": 2025})  # type: ignore[dict-item]
    looks.update_image("id", labels=None)  # type: ignore[arg-type]
    looks.update_image("id")  # type: ignore[call-arg]
    looks.nothing()  # type: ignore[attr-defined]
    Examples()  # type: ignore[call-arg]
    Region(0, 0, 1)  # type: ignore[call-arg]
    Filter(labels=["camera"])  # type: ignore[arg-type]
    ImportItem(5)  # type: ignore[arg-type]
    image.labels["k"] = "v"  # type: ignore[index]
    image.id = "id"  # type: ignore[misc]
    result[0].image.path.upper()  # type: ignore[union-attr]
    for _, answer in looks.search_many(["query.jpg"]):
        answer.matches  # type: ignore[union-attr]  # noqa: B018 - it may be an error


async def asynchronous(looks: AsyncClient) -> None:
    looks.search("query.jpg").matches  # type: ignore[attr-defined]  # noqa: B018 - it was not awaited
    for _ in looks.images("holiday"):  # type: ignore[attr-defined]
        pass
    async for _ in looks.search("query.jpg"):  # type: ignore[attr-defined]
        pass
    with looks:  # type: ignore[attr-defined]
        pass
