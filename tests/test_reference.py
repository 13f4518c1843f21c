"""The reference of the SDK is built without a complaint, and holds every public name and parameter."""

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import lookalike
from lookalike import errors, load, types

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages."""
    folder = tmp_path_factory.mktemp("reference")
    subprocess.run([sys.executable, "-W", "error", ROOT / "docs" / "reference.py", folder], check=True, timeout=100)
    return folder


def entries(page: Path) -> dict[str, str]:
    """The text of each entry of a page, by its name."""
    return dict(
        re.findall(r'<(?:section|div) id="([\w.]+)"(.*?)(?=<(?:section|div) id=|\Z)', page.read_text(), re.DOTALL)
    )


def public(module: ModuleType) -> list[str]:
    """Names that a module offers."""
    offered = getattr(module, "__all__", None)
    if offered is None:
        return [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
    return [name for name in offered if not isinstance(getattr(module, name), ModuleType)]


def callables(name: str, thing: Any) -> Iterator[tuple[str, Any]]:
    """A class's constructor, unless it is inherited, and its public methods; a function itself; by their entries."""
    if not inspect.isclass(thing):
        yield from [(name, thing)] if inspect.isfunction(thing) else []
        return
    if "__init__" in vars(thing):
        yield f"{name}.__init__", vars(thing)["__init__"]
    methods = ((key, value) for key, value in vars(thing).items() if not key.startswith("_"))
    yield from ((f"{name}.{key}", value) for key, value in methods if inspect.isfunction(value))


@pytest.mark.parametrize("module", [lookalike, types, errors, load], ids=lambda module: module.__name__)
def test_every_public_name_and_parameter_stands_in_it(reference: Path, module: ModuleType) -> None:
    told = entries(reference / (module.__name__.replace(".", "/") + ".html"))
    names = [name for name in public(module) if not name.startswith("_")]
    assert names
    for name in names:
        assert name in told
        for entry, function in callables(name, getattr(module, name)):
            for parameter in inspect.signature(function).parameters:
                assert re.search(rf">{parameter}<", told[entry]) or parameter == "self", (entry, parameter)


def test_the_page_for_testing_tools_stands_beside_them(reference: Path) -> None:
    assert "serve" in entries(reference / "lookalike_server" / "testing.html")


def test_it_needs_no_network(reference: Path) -> None:
    for page in reference.rglob("*.html"):
        assert re.findall(r'(?:src|href)="(?:https?:)?//(?!pdoc\.dev)[^"]*"', page.read_text()) == []
