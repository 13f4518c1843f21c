"""The notebook runs from its first cell to its last, on a server of its own, and is committed without outputs."""

import asyncio
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from tests.client.html_pages import Page

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "similar_images.ipynb"


def read() -> Any:
    return nbformat.reads(NOTEBOOK.read_text("utf-8"), as_version=4)  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The code cells with their outputs; a cell that fails fails here."""
    folder = tmp_path_factory.mktemp("notebook")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LOOKALIKE_", "JUPYTER"))}
    places = {name: str(folder) for name in ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    notebook = read()
    client = NotebookClient(notebook, timeout=100, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    asyncio.run(client.async_execute(env={**inherited, **places, "JUPYTER_RUNTIME_DIR": str(folder)}))
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell: Any) -> Page:
    """What a cell displays as HTML."""
    (html,) = [output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})]
    return Page(html)


def test_it_is_valid_and_has_ten_cells_of_code() -> None:
    notebook = read()
    nbformat.validate(notebook)
    assert [cell.cell_type for cell in notebook.cells].count("code") == 10


def test_it_is_committed_clean() -> None:
    notebook = read()
    for cell in notebook.cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
        assert cell.metadata == {}
    assert set(notebook.metadata) == {"kernelspec", "language_info"}


def test_it_runs_and_shows_what_it_finds(cells: list[Any]) -> None:
    assert not any(output.output_type == "error" for cell in cells for output in cell.outputs)
    assert "'created': 117" in cells[1].outputs[0].data["text/plain"]
    for cell in (cells[2], *cells[3:8], cells[9]):
        page = shown(cell)
        assert (page.outside(), page.unclosed) == ([], [])
        pictures = page.attributes("src")
        assert pictures
        assert all(each.startswith("data:image/jpeg;base64,") for each in pictures)


def test_the_cat_finds_itself(cells: list[Any]) -> None:
    names = shown(cells[3]).attributes("alt")
    assert names[0] == "cat/left part.jpg"
    assert sum(name.startswith("cat/") for name in names[1:]) >= 6


def test_the_map_is_a_picture(cells: list[Any]) -> None:
    assert any("image/png" in output.get("data", {}) for output in cells[8].outputs)
