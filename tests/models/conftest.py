"""Pictures and engines that the models' tests share; an engine is loaded once, for TensorFlow takes seconds."""

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage import data
from sklearn.datasets import load_sample_images

from lookalike_server.models import registry, seed
from lookalike_server.models.network import Network
from lookalike_server.models.protocol import Engine, Model
from lookalike_server.models.seed_weights import LAYERS

GetEngine = Callable[[str, str], Engine]


@pytest.fixture(scope="session")
def photographs() -> list[Image.Image]:
    arrays = [*load_sample_images().images, data.astronaut(), data.chelsea(), data.coffee(), data.rocket()]
    return [Image.fromarray(array) for array in arrays]


@pytest.fixture(scope="session")
def recompressed(photographs: list[Image.Image]) -> list[Image.Image]:
    """The photographs as JPEGs of low quality, at a smaller size."""
    copies: list[Image.Image] = []
    for photograph in photographs:
        file = io.BytesIO()
        photograph.resize((300, 220)).save(file, "JPEG", quality=60)
        copies.append(Image.open(file))
    return copies


@pytest.fixture(scope="session")
def get_engine() -> GetEngine:
    loaded: dict[tuple[str, str], Engine] = {}

    def get(model: str, engine: str) -> Engine:
        if (model, engine) not in loaded:
            loaded[model, engine] = registry.load(model).engine(engine, threads=2)
        return loaded[model, engine]

    return get


@pytest.fixture(scope="session")
def noise() -> Callable[[Model, int], NDArray[np.uint8]]:
    """Random pixels in a model's input size, seeded."""

    def pixels(model: Model, n: int) -> NDArray[np.uint8]:
        return np.random.default_rng(n).integers(0, 256, (n, *model.input_size, 3), dtype=np.uint8)

    return pixels


@pytest.fixture(scope="session")
def seed_network() -> Network:
    """The ancestor's network with random numbers, of its real size: on that the engines' kernels depend."""
    numbers = np.random.default_rng(2014)
    arrays = {}
    for layer in LAYERS:
        scale = np.float32(np.sqrt(2 / np.prod(layer.kernel[:-1])))
        arrays[f"{layer.name}/kernel"] = scale * numbers.standard_normal(layer.kernel, np.float32)
        arrays[f"{layer.name}/bias"] = np.float32(0.05) * numbers.standard_normal(layer.kernel[-1:], np.float32)
    return dataclasses.replace(seed.network(Path("random.h5")), read=lambda _: arrays)
