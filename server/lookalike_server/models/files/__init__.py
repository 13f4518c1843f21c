"""Opens a user's own network file: .onnx on ONNX Runtime, .keras and SavedModel on TensorFlow.

Nothing is executed on opening but what the two libraries' own loaders do: no pickle, no Python stored in a file (Keras'
Lambda layers are refused). A SavedModel is nevertheless a program of TensorFlow operations: serve only those that come
from someone you trust.
"""

import re
from collections.abc import Iterator
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lookalike_server.errors import EngineMissing, ModelFileError
from lookalike_server.models import engines
from lookalike_server.models.description import NetworkDescription

EXTERNAL = re.compile(rb"\x0a\x08location\x12([\x80-\xff]{0,4}[\x00-\x7f])")
"""How an .onnx file names a file that holds its weights: a protobuf pair of key and value, the value's length first."""


class NetworkFile(Protocol):
    """An opened network, ready to run."""

    version: str
    """The library under it, such as `onnxruntime 1.23.0`."""
    shape: tuple[int | None, ...]
    """Of its input; None where any length will do."""
    dtype: np.dtype[Any]
    """Of its input."""

    def run(self, batch: NDArray[Any]) -> NDArray[Any]:
        """The one output that was asked for, of n >= 1 rows; a fixed batch of 1 in the file does not show."""
        ...


def engine_of(path: Path) -> str:
    """The engine that runs such a file."""
    return "onnx" if path.suffix == ".onnx" else "tensorflow"


def open_file(description: NetworkDescription, threads: int) -> NetworkFile:
    """Open the network. Raises EngineMissing, and ModelFileError when the file is damaged or has no such output."""
    engine = engine_of(description.file)
    if engine not in engines.installed():
        raise EngineMissing(engines.advice(engine))
    # Each imports a library that the other does without.
    if engine == "onnx":
        from lookalike_server.models.files.onnx import OnnxFile  # noqa: PLC0415

        return OnnxFile(description, threads)
    from lookalike_server.models.files.tensorflow import TensorFlowFile  # noqa: PLC0415

    return TensorFlowFile(description, threads)


def digest(path: Path) -> str:
    """SHA-256, in hexadecimal, of all that the network is made of: the file; or `sha256sum`'s lines of several."""
    lines = [f"{sha256_of(part)}  {part.name}\n" for part in parts(path)]
    return sha256_of(path) if path.is_file() and len(lines) == 1 else sha256("".join(lines).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """Of one file, in hexadecimal. Raises ModelFileError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelFileError(f"Cannot read {path}: {error}.") from error


def parts(path: Path) -> Iterator[Path]:
    """The files of a network, in an order that does not change."""
    if path.is_dir():
        yield from sorted(part for part in path.rglob("*") if part.is_file())
        return
    yield path
    if path.suffix == ".onnx":
        yield from external(path)


def external(path: Path) -> list[Path]:
    """Files that hold an .onnx file's weights, as exporters write them for large networks. Raises ModelFileError."""
    content = path.read_bytes()
    names = {content[found.end() : found.end() + varint(found[1])] for found in EXTERNAL.finditer(content)}
    try:
        return sorted(file for name in names if (file := path.parent / name.decode(errors="replace")).is_file())
    except OSError as error:
        raise ModelFileError(f"{path} names a file of weights that cannot be looked for: {error}.") from error


def varint(content: bytes) -> int:
    """Protobuf's variable-length integer: seven bits a byte, the lowest first."""
    return sum((byte & 0x7F) << 7 * place for place, byte in enumerate(content))
