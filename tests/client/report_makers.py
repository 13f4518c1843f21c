"""Reports that the tests make up."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.client.nouns import TIMINGS, image

from lookalike.reports import Answer, Asked, CollectionState, Question, Report, ServerState, Terms
from lookalike.types import Match, SearchResult, Source

NOON = datetime(2024, 5, 1, 12, 30, 15, 123456, tzinfo=UTC)
HOSTILE = "</pre><script>alert(1)</script><img src=https://example.org/x onerror='x'>&lt;\"\u202e\x1b[31m\udcff"


def match(rank: int, distance: float, name: str = "", **changes: Any) -> Match:
    """A match whose image goes by a name."""
    named = image(id=f"{name or rank:0>64}", sources=(Source(f"/photos/{name or rank}.jpg", NOON),), **changes)
    return Match(rank, distance, 1 - distance**2 / 2, named)


def result(*distances: float, generation: int = 7, **changes: Any) -> SearchResult:
    matches = tuple(match(rank, distance) for rank, distance in enumerate(distances, 1))
    return replace(SearchResult(matches, "tiny-1", generation, True, TIMINGS), **changes)


def report(*results: SearchResult, terms: Terms | None = None, path: str = "/q.jpg", **changes: Any) -> Report:
    question = Question((Asked("a" * 64, path),))
    answers = tuple(Answer(question, each) for each in results or (result(0.1, 0.2),))
    state = CollectionState("trip", "tiny-1", 7, 100, NOON)
    server = ServerState("localhost:50051", "0.1.0", {"pillow": "12"})
    return replace(Report(server, state, terms or Terms(), answers, NOON, "0.1.0"), **changes)
