"""Who answers: our catalog and its planner, hnswlib with a callback, Qdrant's embedded engine, and plain numpy.

Each is built of the same vectors and filters, answers on one thread, and is asked for row numbers. Where an engine has
a setting for how many candidates it holds (ef), the least of `EFFORTS` is taken that finds 0.99 of the nearest.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import hnswlib
import numpy as np
from numpy.typing import NDArray

from benchmarks.filters.cases import LIMIT, Case
from benchmarks.vectors import GROUP
from lookalike_server.catalog import tokens
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.planner import answer
from lookalike_server.records import Arrival, Content, Filter, Source, Vector

Engine = Callable[[Vector], list[int]]
"""The numbers of the rows nearest to a query that one case's filter admits."""

EFFORTS = (16, 32, 64, 128, 256, 512)
NAME = "filters"


def catalog(folder: Path, rows: NDArray[np.float32], cases: list[Case]) -> Catalog:
    """A catalog, whose graph covers all rows once it has settled; each filter is a label."""
    made = Catalog(folder, models={"vectors": rows.shape[1]})
    made.create_collection(NAME)
    labels: list[dict[str, str]] = [{} for _ in rows]
    for case in cases:
        for row in case.admitted.tolist():
            labels[row][case.name] = "yes"
    for start in range(0, len(rows), GROUP):
        numbers = range(start, min(start + GROUP, len(rows)))
        made.add([_arrival(number, rows[number], labels[number]) for number in numbers])
    return made


def ours(made: Catalog, case: Case) -> Engine:
    """A whole search, records included."""
    wanted = Filter(labels={case.name: "yes"})

    def search(query: Vector) -> list[int]:
        found = made.search(NAME, query, limit=LIMIT, wanted=wanted)
        return [int(match.image.id, 16) for match in found.matches]

    return search


def planner(made: Catalog, case: Case) -> Engine:
    """The planner alone, as the others: numbers and no records."""
    entry = made._shelves.entry(NAME)
    shelf, store, wanted = made._shelves.find(entry), made._store, Filter(labels={case.name: "yes"})
    ask, name = partial(store.admitted, entry, wanted), tokens.scope(entry.uuid, wanted)

    def search(query: Vector) -> list[int]:
        found = answer(shelf, query, LIMIT, shelf.admitted.of(name, ask), exact=False)
        return [serial - 1 for serial in found.serials[:LIMIT].tolist()]

    return search


def hnsw(rows: NDArray[np.float32]) -> Any:
    """The same graph that ours is."""
    graph = hnswlib.Index(space="ip", dim=rows.shape[1])
    graph.init_index(len(rows), M=16, ef_construction=200)
    graph.set_num_threads(1)  # the other core builds ours meanwhile
    graph.add_items(rows)
    return graph


def callback(graph: Any, case: Case, effort: int) -> Engine:
    """hnswlib, which asks about each node that it comes by."""
    admitted = frozenset(case.admitted.tolist())
    count = min(LIMIT, len(admitted))

    def search(query: Vector) -> list[int]:
        graph.set_ef(effort)
        found: list[int] = graph.knn_query(query, k=count, filter=admitted.__contains__)[0][0].tolist()
        return found

    return search


def qdrant(folder: Path, rows: NDArray[np.float32], cases: list[Case]) -> Any | None:
    """A shard with an index on the filters; None where `qdrant-edge-py` is not installed."""
    try:
        import qdrant_edge as edge  # noqa: PLC0415
    except ImportError:
        return None
    config = edge.EdgeVectorParams(
        size=rows.shape[1],
        distance=edge.Distance.Dot,
        hnsw_config=edge.HnswIndexConfig(m=16, ef_construct=200, full_scan_threshold=10_000),  # KB, as it has it
    )
    optimizers = edge.EdgeOptimizersConfig(default_segment_number=1)
    shard = edge.EdgeShard.create(
        str(folder), edge.EdgeConfig(vectors=config, optimizers=optimizers, max_search_threads=1)
    )
    shard.update(edge.UpdateOperation.create_field_index("filters", edge.PayloadSchemaType.Keyword))
    payloads: list[list[str]] = [[] for _ in rows]
    for case in cases:
        for row in case.admitted.tolist():
            payloads[row].append(case.name)
    for start in range(0, len(rows), GROUP):
        numbers = range(start, min(start + GROUP, len(rows)))
        points = [edge.Point(one, rows[one].tolist(), {"filters": payloads[one]}) for one in numbers]
        shard.update(edge.UpdateOperation.upsert_points(points))
    shard.optimize()
    return shard


def edged(shard: Any, case: Case, effort: int) -> Engine:
    """Qdrant, ids only."""
    import qdrant_edge as edge  # noqa: PLC0415

    wanted = edge.Filter(must=[edge.FieldCondition("filters", match=edge.MatchValue(case.name))])
    params = edge.SearchParams(hnsw_ef=effort)

    def search(query: Vector) -> list[int]:
        nearest = edge.Query.Nearest(query.tolist())
        return [point.id for point in shard.search(edge.SearchRequest(nearest, LIMIT, filter=wanted, params=params))]

    return search


def exact(rows: NDArray[np.float32], case: Case) -> Engine:
    """numpy, over the admitted rows."""

    def search(query: Vector) -> list[int]:
        scores = rows[case.admitted] @ query
        best = np.argpartition(-scores, min(LIMIT, len(scores) - 1))[:LIMIT]
        found: list[int] = case.admitted[best].tolist()
        return found

    return search


def tuned(engine: Callable[[int], Engine], case: Case, tries: int = 10) -> tuple[Engine, int]:
    """The engine with the least effort that finds 0.99 of the nearest, or with the most."""
    for effort in EFFORTS:
        search = engine(effort)
        found = [case.recall(number, search(query)) for number, query in enumerate(case.queries[:tries])]
        if np.mean(found) >= 0.99:
            break
    return search, effort


def settled(engines: Mapping[str, Engine], case: Case) -> None:
    """Lets each have seen the filter before it is timed."""
    for search in engines.values():
        for query in case.queries[:5]:
            search(query)


def _arrival(number: int, row: NDArray[np.float32], labels: dict[str, str]) -> Arrival:
    source = Source(f"/filters/{number}.jpg")
    return Arrival(NAME, f"{number:064x}", Content(0, 0, 0, "", None, row), source, labels)
