"""The rules of the house, held against the imports themselves."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SERVER = ROOT / "server" / "lookalike_server"
SDK = ROOT / "client" / "lookalike"


def imports(path: Path) -> Iterator[str]:
    """Every module that a file names in an import, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield str(node.module)


def offenders(folder: Path, forbidden: tuple[str, ...], allowed: tuple[str, ...] = ()) -> list[str]:
    """`file: import` of everything below a folder that names what it must not."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        name = str(path.relative_to(folder))
        if name.startswith(allowed):
            continue
        found += [f"{name}: {module}" for module in imports(path) if module.startswith(forbidden)]
    return found


DOORS = ("rpc/", "app.py", "commands.py", "testing.py", "__main__.py")


def test_the_sdk_never_imports_the_server() -> None:
    assert offenders(SDK, ("lookalike_server",)) == []


def test_the_domain_knows_neither_grpc_nor_messages() -> None:
    assert offenders(SERVER, ("grpc", "google.protobuf", "lookalike.v1"), DOORS) == []


def test_nothing_but_the_composition_root_knows_the_doors() -> None:
    forbidden = ("lookalike_server.rpc", "lookalike_server.app", "lookalike_server.commands")
    assert offenders(SERVER, forbidden, (*DOORS, "doctor.py")) == []


def test_the_catalog_knows_neither_pictures_nor_models() -> None:
    forbidden = ("PIL", "lookalike_server.pipeline", "lookalike_server.models", "lookalike_server.training")
    assert offenders(SERVER / "catalog", forbidden) == []


def test_the_pipeline_knows_no_catalog_and_no_engine() -> None:
    forbidden = ("lookalike_server.catalog", "lookalike_server.models.engines", "onnxruntime", "tensorflow")
    assert offenders(SERVER / "pipeline", forbidden) == []


def test_serving_a_model_takes_nothing_of_how_it_was_trained() -> None:
    for room in ("models", "pipeline", "catalog", "rpc"):
        assert offenders(SERVER / room, ("lookalike_server.training",)) == []


def test_backends_know_only_their_protocol() -> None:
    for backend in ("hnsw.py", "sqlite_store.py"):
        forbidden = ("lookalike_server.catalog.catalog", "lookalike_server.catalog.planner")
        assert [module for module in imports(SERVER / "catalog" / backend) if module.startswith(forbidden)] == []


def test_hnswlib_and_sqlite_stay_in_the_catalog_and_tensorflow_with_the_models() -> None:
    assert offenders(SERVER, ("hnswlib",), ("catalog/",)) == []
    assert offenders(SERVER, ("sqlite3",), ("catalog/", "info.py")) == []
    assert offenders(SERVER, ("tensorflow", "keras"), ("models/", "training/")) == []


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import lookalike", ("numpy", "PIL", "typer", "rich", "tensorflow", "lookalike_server")),
        ("import lookalike_server.app", ("tensorflow", "keras", "torch", "onnx", "tf2onnx", "matplotlib")),
        ("import lookalike.reports", ("grpc", "google.protobuf", "numpy", "PIL", "typer", "rich")),
        ("import lookalike.cli", ("grpc", "numpy", "PIL", "lookalike_server")),
    ],
)
def test_imports_stay_light(statement: str, heavy: tuple[str, ...]) -> None:
    probe = f"import sys; {statement}; print(*[name for name in {heavy!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == []


def test_every_python_file_says_what_it_is_for() -> None:
    for folder in (SERVER, SDK, ROOT / "protos", ROOT / "benchmarks"):
        for path in folder.rglob("*.py"):
            if "_pb2" not in path.name:
                assert ast.get_docstring(ast.parse(path.read_text())), f"{path} has no docstring"
