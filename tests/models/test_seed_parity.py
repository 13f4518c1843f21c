"""The proof: pictures of many kinds become, from bytes to embedding, what the original software made of them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.shared import shared

from lookalike import Client
from lookalike_server.config import Settings
from lookalike_server.hosting import decoder_for
from lookalike_server.models import registry
from lookalike_server.models.protocol import Model
from lookalike_server.testing import serve

pytestmark = pytest.mark.slow

TOLERANCE = {".jpg": 5e-3}
"""L2 of embeddings. Today's JPEG decoder rounds otherwise than that of 2020; all other formats hold EXACT."""
EXACT = 1e-5


@pytest.fixture(scope="session")
def parity() -> Path:
    return shared("parity")


@pytest.fixture(scope="session")
def spec(parity: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The model with the weights that the reference was computed with: 252 MB, made once."""
    weights = tmp_path_factory.mktemp("seed") / "weights.h5"
    subprocess.run([sys.executable, str(parity / "make_weights.py"), str(weights), "0"], check=True)
    return f"seed:{weights}"


@pytest.fixture(scope="session")
def model(spec: str) -> Model:
    return registry.load(spec)


@pytest.fixture(scope="session")
def expected(parity: Path) -> dict[str, NDArray[np.float32]]:
    """What the original software gave, by name of the file."""
    reference = np.load(parity / "expected.npz")
    return dict(zip(reference["names"].tolist(), reference["embeddings"], strict=True))


@pytest.fixture(scope="session")
def files(parity: Path) -> list[Path]:
    return sorted((parity / "images").iterdir())


@pytest.fixture(scope="session")
def pixels(model: Model, files: list[Path]) -> NDArray[np.float32]:
    """Of every picture, through the product's decoder."""
    decoder = decoder_for(model, Settings())
    return np.stack([decoder.decode_now(file.read_bytes()).pixels for file in files])


@pytest.fixture(scope="session")
def embeddings(model: Model, pixels: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """By engine."""
    return {name: model.engine(name, threads=2).embed(pixels).embeddings for name in model.engines()}


def beyond(found: dict[str, NDArray[np.float32]], expected: dict[str, NDArray[np.float32]]) -> dict[str, float]:
    """The distances that are too large, by name of the file."""
    apart = {name: float(np.linalg.norm(embedding - expected[name])) for name, embedding in found.items()}
    return {name: distance for name, distance in apart.items() if distance > TOLERANCE.get(Path(name).suffix, EXACT)}


@pytest.mark.parametrize("engine", ["tensorflow", "onnx", "ncnn"])
def test_embeddings_are_those_of_the_original(
    engine: str,
    files: list[Path],
    embeddings: dict[str, NDArray[np.float32]],
    expected: dict[str, NDArray[np.float32]],
) -> None:
    assert len(files) > 10
    found = {file.name: embedding for file, embedding in zip(files, embeddings[engine], strict=True)}
    assert beyond(found, expected) == {}


def test_a_server_gives_them_too(spec: str, files: list[Path], expected: dict[str, NDArray[np.float32]]) -> None:
    with serve(model=spec) as target, Client(target) as looks:
        found = {file.name: np.asarray(looks.embed(file, timeout=60).vector) for file in files}
    assert beyond(found, expected) == {}


@pytest.mark.parametrize("engine", ["onnx", "ncnn"])
def test_other_engines_stay_near_tensorflow(engine: str, embeddings: dict[str, NDArray[np.float32]]) -> None:
    apart = np.linalg.norm(embeddings[engine] - embeddings["tensorflow"], axis=1)
    assert apart.max() < 1e-4
