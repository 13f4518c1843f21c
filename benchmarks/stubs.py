"""Searches through the generated stubs: the SDK would wait for a busy server and try again, and hide its refusals."""

from collections.abc import Sequence

import grpc

from benchmarks.callers import Load
from benchmarks.load import Sample
from lookalike.v1.search_service_pb2 import SearchRequest
from lookalike.v1.search_service_pb2_grpc import SearchServiceStub
from lookalike.v1.types_pb2 import Picture

COLLECTION = "searched"
PATIENCE = 2.0
"""Seconds that a caller waits: its deadline."""


class Refused(Exception):
    """RESOURCE_EXHAUSTED, with the time after which to come back."""


class RefusedSilently(Exception):
    """RESOURCE_EXHAUSTED, without it."""


class OutOfTime(Exception):
    """DEADLINE_EXCEEDED."""


def search(target: str, pictures: Sequence[bytes], load: Load) -> list[Sample]:
    """The loop's calls, each a search by the next of the pictures; their errors are those above, or grpc's."""
    with grpc.insecure_channel(target) as channel:
        stub = SearchServiceStub(channel)
        stub.Search(request(pictures[0]))  # connects

        def call(number: int) -> None:
            try:
                stub.Search(request(pictures[number % len(pictures)]), timeout=PATIENCE)
            except grpc.RpcError as error:
                raise told(error) from error

        return load(call)


def request(picture: bytes) -> SearchRequest:
    """A search by picture."""
    return SearchRequest(collection=COLLECTION, picture=Picture(content=picture))


def told(error: grpc.RpcError) -> Exception:
    """The error in the words above."""
    if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
        trailers = {each.key for each in error.trailing_metadata() or ()}
        return Refused() if "retry-after-ms" in trailers else RefusedSilently()
    return OutOfTime() if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED else error


def search_and_leave(target: str, pictures: Sequence[bytes], callers: int) -> int:
    """So many calls at once; when the first is answered, every second one is cancelled. How many were answered."""
    with grpc.insecure_channel(target) as channel:
        stub = SearchServiceStub(channel)
        calls = [stub.Search.future(request(pictures[number % len(pictures)])) for number in range(callers)]
        calls[0].exception()
        for leaving in calls[1::2]:
            leaving.cancel()
        return sum(not call.cancelled() and call.exception() is None for call in calls)
