"""CollectionService: keeps collections."""

import asyncio

from lookalike.v1 import collection_service_pb2 as pb
from lookalike.v1 import collection_service_pb2_grpc
from lookalike_server.catalog import limits
from lookalike_server.parts import Gate
from lookalike_server.rpc import messages
from lookalike_server.rpc.interceptor import Context


class CollectionService(collection_service_pb2_grpc.CollectionServiceServicer):
    """Messages in, domain calls, messages out."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def CreateCollection(
        self, request: pb.CreateCollectionRequest, _context: Context
    ) -> pb.CreateCollectionResponse:
        """Make one."""
        wanted: pb.Collection = messages.required(request, "collection")
        parts = self._gate.parts
        model_id = parts.model(request.model).model.id
        made = await asyncio.to_thread(parts.catalog.create_collection, wanted.name, wanted.description, model_id)
        return pb.CreateCollectionResponse(collection=messages.collection_to(made))

    async def GetCollection(self, request: pb.GetCollectionRequest, _context: Context) -> pb.GetCollectionResponse:
        """One."""
        found = await asyncio.to_thread(self._gate.parts.catalog.collection, request.name)
        return pb.GetCollectionResponse(collection=messages.collection_to(found))

    async def ListCollections(
        self, request: pb.ListCollectionsRequest, _context: Context
    ) -> pb.ListCollectionsResponse:
        """A page of them."""
        size = request.page_size or limits.DEFAULT_PAGE_SIZE
        found, token = await asyncio.to_thread(self._gate.parts.catalog.collections, size, request.page_token)
        return pb.ListCollectionsResponse(collections=map(messages.collection_to, found), next_page_token=token)

    async def UpdateCollection(
        self, request: pb.UpdateCollectionRequest, _context: Context
    ) -> pb.UpdateCollectionResponse:
        """Replace the description."""
        messages.check_mask(request.update_mask.paths, only="description")
        change: pb.Collection = messages.required(request, "collection")
        changed = await asyncio.to_thread(self._gate.parts.catalog.update_collection, change.name, change.description)
        return pb.UpdateCollectionResponse(collection=messages.collection_to(changed))

    async def SwitchModel(self, request: pb.SwitchModelRequest, _context: Context) -> pb.SwitchModelResponse:
        """Give it to another model."""
        parts = self._gate.parts
        model_id = parts.model(messages.named_model(request)).model.id
        changed, dropped = await asyncio.to_thread(
            parts.catalog.switch_model, request.name, model_id, drop_missing=request.drop_missing
        )
        return pb.SwitchModelResponse(collection=messages.collection_to(changed), dropped_image_count=dropped)

    async def DeleteCollection(
        self, request: pb.DeleteCollectionRequest, _context: Context
    ) -> pb.DeleteCollectionResponse:
        """Remove one and all in it."""
        deleted = await asyncio.to_thread(self._gate.parts.catalog.delete_collection, request.name)
        return pb.DeleteCollectionResponse(deleted_image_count=deleted)
