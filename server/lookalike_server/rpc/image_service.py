"""ImageService: puts images into collections, and keeps their records."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

from lookalike.v1 import image_service_pb2 as pb
from lookalike.v1 import image_service_pb2_grpc, types_pb2
from lookalike_server.catalog import limits
from lookalike_server.duplicates import DEFAULT_RADIUS
from lookalike_server.errors import BadRequest, ShuttingDown
from lookalike_server.parts import Gate
from lookalike_server.pipeline.lane import Lane
from lookalike_server.records import Outcome, Vector
from lookalike_server.rpc import duplicate_messages, messages
from lookalike_server.rpc.interceptor import Context
from lookalike_server.rpc.items import ItemDesk
from lookalike_server.rpc.streams import answer_each

Request = TypeVar("Request", pb.ImportImagesRequest, pb.ReembedImagesRequest)
Response = TypeVar("Response")

STREAM_WINDOW = 64
"""Pictures of one stream that are under way at once."""

OUTCOMES = {
    Outcome.CREATED: pb.ImportImagesResponse.OUTCOME_CREATED,
    Outcome.EXISTED: pb.ImportImagesResponse.OUTCOME_EXISTED,
}


class ImageService(image_service_pb2_grpc.ImageServiceServicer):
    """Messages in, domain calls, messages out."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def ImportImages(self, requests: AsyncIterator[pb.ImportImagesRequest], context: Context) -> None:
        """Embed and store pictures."""
        desk = ItemDesk("ImportImages", Lane.BULK, self._gate.metrics)

        async def answer(request: pb.ImportImagesRequest) -> pb.ImportImagesResponse:
            response, status = await desk.serve(self._store(request))
            if response is not None:
                return response
            return pb.ImportImagesResponse(tag=request.tag, status=status, image_id=messages.named(request))

        await self._answer_each(requests, answer, context)

    async def ReembedImages(self, requests: AsyncIterator[pb.ReembedImagesRequest], context: Context) -> None:
        """Embed images once more, with another model."""
        desk = ItemDesk("ReembedImages", Lane.BULK, self._gate.metrics)

        async def answer(request: pb.ReembedImagesRequest) -> pb.ReembedImagesResponse:
            response, status = await desk.serve(self._reembed(request))
            return response or pb.ReembedImagesResponse(tag=request.tag, status=status)

        await self._answer_each(requests, answer, context)

    async def FindMissingImages(
        self, request: pb.FindMissingImagesRequest, _context: Context
    ) -> pb.FindMissingImagesResponse:
        """Which ids are not held."""
        missing = await asyncio.to_thread(self._gate.parts.catalog.missing, request.collection, request.image_ids)
        return pb.FindMissingImagesResponse(missing_image_ids=missing)

    async def GetImage(self, request: pb.GetImageRequest, _context: Context) -> pb.GetImageResponse:
        """One record."""
        catalog = self._gate.parts.catalog
        image = await asyncio.to_thread(catalog.image, request.collection, request.image_id)
        response = pb.GetImageResponse(image=messages.image_to(image))
        if request.include_embedding:
            vectors = await asyncio.to_thread(catalog.vectors, request.collection, [request.image_id])
            response.embedding.CopyFrom(messages.vector_to(vectors[request.image_id]))
        return response

    async def ListImages(self, request: pb.ListImagesRequest, _context: Context) -> pb.ListImagesResponse:
        """A page of records."""
        parts = self._gate.parts
        wanted = messages.listing_filter_from(request.filter)
        if request.not_embedded_by:
            wanted = replace(wanted, not_embedded_by=parts.model(request.not_embedded_by).model.id)
        size = request.page_size or limits.DEFAULT_PAGE_SIZE
        images, token = await asyncio.to_thread(
            parts.catalog.images, request.collection, wanted, size, request.page_token
        )
        vectors: list[Vector] = []
        if request.include_embeddings:
            ids = [image.id for image in images]
            held = await asyncio.to_thread(parts.catalog.vectors, request.collection, ids, allow_missing=True)
            images = [image for image in images if image.id in held]  # the others were deleted since
            vectors = [held[image.id] for image in images]
        return messages.page_to(images, token, vectors)

    async def UpdateImage(self, request: pb.UpdateImageRequest, _context: Context) -> pb.UpdateImageResponse:
        """Replace labels."""
        messages.check_mask(request.update_mask.paths, only="labels")
        change: types_pb2.Image = messages.required(request, "image")
        image = await asyncio.to_thread(
            self._gate.parts.catalog.update_image,
            change.collection,
            change.id,
            dict(change.labels),
        )
        return pb.UpdateImageResponse(image=messages.image_to(image))

    async def DeleteImages(self, request: pb.DeleteImagesRequest, _context: Context) -> pb.DeleteImagesResponse:
        """Remove images."""
        if not request.image_ids:
            raise BadRequest("image_ids is empty: name the images to delete")
        deleted = await asyncio.to_thread(
            self._gate.parts.catalog.delete_images,
            request.collection,
            request.image_ids,
            allow_missing=request.allow_missing,
        )
        return pb.DeleteImagesResponse(deleted_count=deleted)

    async def ListSources(self, request: pb.ListSourcesRequest, _context: Context) -> pb.ListSourcesResponse:
        """A page of where images were seen."""
        sightings, token = await asyncio.to_thread(
            self._gate.parts.catalog.sources,
            request.collection,
            request.path_prefix,
            request.page_size or limits.DEFAULT_PAGE_SIZE,
            request.page_token,
        )
        return pb.ListSourcesResponse(sightings=map(messages.sighting_to, sightings), next_page_token=token)

    async def RemoveSources(self, request: pb.RemoveSourcesRequest, _context: Context) -> pb.RemoveSourcesResponse:
        """Take sightings back."""
        sources, images = await asyncio.to_thread(
            self._gate.parts.catalog.remove_sources,
            request.collection,
            [messages.sighting_from(each) for each in request.sightings],
            remove_images=request.remove_images,
        )
        return pb.RemoveSourcesResponse(removed_source_count=sources, removed_image_count=images)

    async def FindDuplicates(self, request: pb.FindDuplicatesRequest, context: Context) -> None:
        """Exact duplicates, and groups of near ones."""
        radius = request.max_distance if request.HasField("max_distance") else DEFAULT_RADIUS
        finder, wanted = self._gate.parts.finder, messages.listing_filter_from(request.filter)
        async with aclosing(finder.find(request.collection, wanted, radius)) as turns:
            async for turn in turns:
                if self._gate.closing.is_set():
                    raise ShuttingDown
                for finding in turn:
                    await context.write(duplicate_messages.finding_to(finding))

    async def _store(self, request: pb.ImportImagesRequest) -> pb.ImportImagesResponse:
        image_id, outcome = await self._gate.parts.importer.store(messages.item_from(request))
        return pb.ImportImagesResponse(
            tag=request.tag, status=types_pb2.ItemStatus(), outcome=OUTCOMES[outcome], image_id=image_id
        )

    async def _reembed(self, request: pb.ReembedImagesRequest) -> pb.ReembedImagesResponse:
        if not request.content:
            raise BadRequest("content is missing: give the picture's bytes")
        parts = self._gate.parts
        model_id = parts.model(messages.named_model(request)).model.id
        image_id = await parts.reembedder.stage(request.collection, model_id, request.content)
        return pb.ReembedImagesResponse(tag=request.tag, status=types_pb2.ItemStatus(), image_id=image_id)

    async def _answer_each(
        self,
        requests: AsyncIterator[Request],
        answer: Callable[[Request], Awaitable[Response]],
        context: Context,
    ) -> None:
        await answer_each(
            requests,
            answer,
            context.write,
            window=STREAM_WINDOW,
            budget=self._gate.budgets[Lane.BULK],
            closing=self._gate.closing,
        )
