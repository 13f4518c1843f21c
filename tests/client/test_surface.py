import inspect
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import lookalike
from lookalike import AsyncClient, Client

PROMISED = [
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
METHODS = [
    "close",
    "collection",
    "collections",
    "create_collection",
    "delete_collection",
    "delete_images",
    "duplicates",
    "embed",
    "image",
    "images",
    "import_embedded",
    "import_folder",
    "import_images",
    "missing_images",
    "reembed",
    "remove_sources",
    "search",
    "search_many",
    "server_info",
    "server_load",
    "sources",
    "update_collection",
    "update_image",
]
HEAVY = [
    "lookalike.cli",
    "tarfile",
    "zipfile",
    "lookalike.showing",
    "numpy",
    "PIL",
    "tensorflow",
    "lookalike_server",
    "typer",
    "rich",
    "watchfiles",
    "opentelemetry",
    "pypdfium2",
    "cv2",
    "IPython",
]


def public(kind: type) -> list[str]:
    return sorted(name for name in vars(kind) if not name.startswith("_"))


def parameters(method: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    return [(each.name, each.kind, each.default) for each in inspect.signature(method).parameters.values()]


def test_the_package_offers_what_it_promises() -> None:
    assert lookalike.__all__ == PROMISED
    assert all(hasattr(lookalike, name) for name in PROMISED)


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_the_clients_have_these_methods_and_no_others(client: type) -> None:
    assert public(client) == METHODS


@pytest.mark.parametrize("name", ["__init__", *METHODS])
def test_both_clients_take_the_same_parameters(name: str) -> None:
    assert parameters(getattr(Client, name)) == parameters(getattr(AsyncClient, name))


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_documented(name: str) -> None:
    assert inspect.getdoc(getattr(Client, name))
    assert inspect.getdoc(getattr(AsyncClient, name))


@pytest.mark.parametrize("module", HEAVY)
def test_importing_the_sdk_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, lookalike; lookalike.Client, lookalike.AsyncClient; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
