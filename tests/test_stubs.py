"""The committed stubs are those of the committed protos."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def stubs(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / "lookalike" / "v1").glob("*_pb2*")}


def test_the_stubs_are_fresh(tmp_path: Path) -> None:
    compiler = Path(sys.prefix) / "protoc" / "bin" / "python"  # made by the Makefile
    subprocess.run([compiler, ROOT / "protos" / "generate.py", tmp_path], check=True)
    assert stubs(tmp_path) == stubs(ROOT / "client"), "run `make protos` and commit what it writes"


def test_the_stubs_import_beside_the_oldest_protobuf_that_is_allowed() -> None:
    """The generator marks each file with the oldest runtime that takes it."""
    for name, text in stubs(ROOT / "client").items():
        if name.endswith("_pb2.py"):
            assert "Protobuf Python Version: 5.29.0" in text
