"""Many searches over one stream."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from lookalike import _calls, _failures, _messages, types
from lookalike._exchange import Exchange
from lookalike.errors import LookalikeError
from lookalike.v1 import search_service_pb2 as search_pb2

Query = TypeVar("Query", bound=types.Query)
Answered = tuple[Query, types.SearchResult | LookalikeError]


@dataclass(slots=True)
class Search(Generic[Query]):
    """One query on its way; its request is kept, since a file that cannot seek is read only once."""

    query: Query
    request: search_pb2.SearchRequest | None = None


class SearchMany(Exchange[Query, Search[Query], Answered[Query]]):
    """Each query with its result, or with why it has none."""

    rpc = "SearchStream"
    max_items = 32

    def __init__(self, options: _calls.SearchOptions, max_image_bytes: int) -> None:
        super().__init__()
        self._options = options
        self._max_image_bytes = max_image_bytes

    @property
    def room(self) -> int:
        """What the window has room for."""
        return 0 if self._ended else self.max_items - len(self._waiting) - len(self._under_way)

    def _take(self, items: Sequence[Query]) -> None:
        self._waiting.extend(Search(query) for query in items)

    def _request(self, tag: int, job: Search[Query]) -> search_pb2.SearchStreamRequest:
        job.request = job.request or self._options.request(job.query, self._max_image_bytes)
        return search_pb2.SearchStreamRequest(tag=tag, search=job.request)

    def _error(self, answer: search_pb2.SearchStreamResponse) -> LookalikeError | None:
        return _failures.from_status(answer.error) if answer.HasField("error") else None

    def _conclude(
        self, job: Search[Query], answer: search_pb2.SearchStreamResponse, error: LookalikeError | None
    ) -> None:
        self._settled.append((job.query, error or _messages.search_result(answer.result)))

    def _failure(self, job: Search[Query], error: LookalikeError) -> Answered[Query]:
        return job.query, error
