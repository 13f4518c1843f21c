"""SearchService: finds the images that look like a picture."""

from collections.abc import AsyncIterator

from lookalike.v1 import load_pb2, search_service_pb2, search_service_pb2_grpc
from lookalike_server import stages
from lookalike_server.parts import Gate
from lookalike_server.pipeline.lane import Lane
from lookalike_server.rpc import load_messages, messages
from lookalike_server.rpc.deadline import deadline_of
from lookalike_server.rpc.interceptor import Context
from lookalike_server.rpc.items import ItemDesk
from lookalike_server.rpc.streams import answer_each

STREAM_WINDOW = 32
"""Searches of one stream that are under way at once."""


class SearchService(search_service_pb2_grpc.SearchServiceServicer):
    """Messages in, domain calls, messages out."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def Search(
        self, request: search_service_pb2.SearchRequest, context: Context
    ) -> search_service_pb2.SearchResponse:
        """One search."""
        with self._gate.holding(request.ByteSize()):
            return await self._search(request, deadline_of(context))

    async def SearchStream(
        self, requests: AsyncIterator[search_service_pb2.SearchStreamRequest], context: Context
    ) -> None:
        """Many searches."""
        desk = ItemDesk("SearchStream", Lane.INTERACTIVE, self._gate.metrics)
        deadline = deadline_of(context)

        async def answer(request: search_service_pb2.SearchStreamRequest) -> search_service_pb2.SearchStreamResponse:
            result, status = await desk.serve(self._search(request.search, deadline))
            return search_service_pb2.SearchStreamResponse(tag=request.tag, result=result, error=status)

        await answer_each(
            requests,
            answer,
            context.write,
            window=STREAM_WINDOW,
            budget=self._gate.budgets[Lane.INTERACTIVE],
            closing=self._gate.closing,
        )

    async def Embed(
        self, request: search_service_pb2.EmbedRequest, context: Context
    ) -> search_service_pb2.EmbedResponse:
        """One embedding."""
        hosted = self._gate.parts.model(request.model)
        picture = messages.picture_from(messages.required(request, "picture"))
        with self._gate.holding(request.ByteSize()):
            content = await hosted.embedder.embed(picture, Lane.INTERACTIVE, deadline_of(context))
        return search_service_pb2.EmbedResponse(
            vector=messages.vector_to(content.vector),
            model_id=hosted.model.id,
            width=content.width,
            height=content.height,
            timings=messages.timings_to(stages.current()),
            scenes=messages.scenes_to(content.scenes),
        )

    async def GetServerInfo(
        self, _request: search_service_pb2.GetServerInfoRequest, _context: Context
    ) -> search_service_pb2.GetServerInfoResponse:
        """What this server is."""
        return messages.info_to(self._gate.info())

    async def GetServerLoad(
        self, _request: load_pb2.GetServerLoadRequest, _context: Context
    ) -> load_pb2.GetServerLoadResponse:
        """What this server has done, and what it holds."""
        return load_messages.load_to(self._gate.load())

    async def _search(
        self, request: search_service_pb2.SearchRequest, deadline: float
    ) -> search_service_pb2.SearchResponse:
        found = await self._gate.parts.searcher.search(messages.search_from(request), deadline)
        return messages.search_to(found, stages.current())
