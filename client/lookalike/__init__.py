"""Lookalike: given a picture, find the pictures that look like it.

    from lookalike import Client

    with Client("localhost:50051") as looks:
        for match in looks.search("query.jpg", collection="holiday"):
            print(match.rank, match.distance, match.image.path)

`AsyncClient` has the same methods for async code; `types` holds what goes in and comes out, `errors` a class for every
failure.
"""

from lookalike import errors, types
from lookalike.aio import AsyncClient
from lookalike.client import Client
from lookalike.errors import LookalikeError
from lookalike.types import Examples, Filter, ImportItem, Region, StoredImage

__all__ = [
    "AsyncClient",
    "Client",
    "Examples",
    "Filter",
    "ImportItem",
    "LookalikeError",
    "Region",
    "StoredImage",
    "errors",
    "types",
]
