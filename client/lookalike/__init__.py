"""Lookalike: given a picture, find the pictures that look like it.

    from lookalike import Client

    with Client("localhost:50051") as looks:
        for match in looks.search("query.jpg", collection="holiday"):
            print(match.rank, match.distance, match.image.path)

`AsyncClient` has the same methods for async code; `types` holds what goes in and comes out, `errors` a class for every
failure; `show` displays what was found in a notebook.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lookalike import errors, types
from lookalike.errors import LookalikeError
from lookalike.types import (
    Consistency,
    Embedded,
    Examples,
    Filter,
    GeoBox,
    ImportItem,
    Location,
    Region,
    Scene,
    ScenePreference,
    Source,
    StoredImage,
)

if TYPE_CHECKING:
    from lookalike.aio import AsyncClient
    from lookalike.client import Client
    from lookalike.showing import show

__all__ = [
    "AsyncClient",
    "Client",
    "Consistency",
    "Embedded",
    "Examples",
    "Filter",
    "GeoBox",
    "ImportItem",
    "Location",
    "LookalikeError",
    "Region",
    "Scene",
    "ScenePreference",
    "Source",
    "StoredImage",
    "errors",
    "show",
    "types",
]

# gRPC takes a tenth of a second to import: `lookalike --help` and tools that only want the types do without.
_LATER = {"AsyncClient": "lookalike.aio", "Client": "lookalike.client", "show": "lookalike.showing"}


def __getattr__(name: str) -> Any:
    """Import what is heavy or seldom wanted when it is first asked for."""
    if name not in _LATER:
        raise AttributeError(f"module 'lookalike' has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
