"""The ImageNet features: what enters the network, and that what comes out is what its authors trained."""

import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike_server.errors import ModelFileError
from lookalike_server.models import efficientnet_lite0, registry
from lookalike_server.models.decoder import decoder_tag
from lookalike_server.models.probes import probe_pictures
from lookalike_server.models.protocol import Engine

GetEngine = Callable[[str, str], Engine]

NAME = "efficientnet-lite0"
REFERENCE = Path(__file__).parent / "data" / "efficientnet-lite0.reference.npz"


def test_its_id_names_the_weights_the_preprocessing_and_the_decoder() -> None:
    weights = (efficientnet_lite0.WEIGHTS / "efficientnet-lite0.npz").read_bytes()
    assert registry.load(NAME).id == f"efficientnet-lite0-{sha256(weights).hexdigest()[:8]}-p1-{decoder_tag()}"


def test_an_argument_is_refused() -> None:
    with pytest.raises(ModelFileError, match="takes no argument"):
        registry.load(f"{NAME}:weights.h5")


def test_nothing_is_cut_off() -> None:
    picture = Image.new("RGB", (1000, 100), "black")
    picture.paste("red", (0, 0, 20, 100))
    picture.paste("blue", (980, 0, 1000, 100))
    pixels = registry.load(NAME).prepare(picture)
    assert pixels.shape == (224, 224, 3)
    assert pixels[112, 0].tolist() == [255, 0, 0]
    assert pixels[112, -1].tolist() == [0, 0, 255]


@pytest.mark.parametrize("engine", registry.load(NAME).engines())
def test_features_are_the_originals(engine: str, get_engine: GetEngine) -> None:
    features = np.load(REFERENCE)["features"]
    expected = features / np.linalg.norm(features, axis=1, keepdims=True)
    embeddings = get_engine(NAME, engine).embed(probe_pictures((224, 224))).embeddings
    # What rounding the kernels to half precision allows; the float32 weights are held to 1e-4 by test_convert.
    assert (embeddings * expected).sum(axis=1).min() > 0.9998


def test_a_copy_is_found_among_other_photographs(
    get_engine: GetEngine, photographs: list[Image.Image], recompressed: list[Image.Image]
) -> None:
    model = registry.load(NAME)
    engine = get_engine(NAME, "onnx")
    stored = engine.embed(np.stack([model.prepare(image) for image in photographs])).embeddings
    queries = engine.embed(np.stack([model.prepare(image) for image in recompressed])).embeddings
    cosines = queries @ stored.T
    assert cosines.argmax(axis=1).tolist() == list(range(len(photographs)))
    assert cosines.diagonal().min() > 0.8


def test_serving_with_onnx_starts_fast_and_without_tensorflow() -> None:
    code = (
        "import sys, time, numpy\n"
        "from lookalike_server.models import registry\n"
        f"engine = registry.load({NAME!r}).engine('auto', threads=2)\n"
        "engine.embed(numpy.zeros((1, 224, 224, 3), numpy.uint8))\n"
        "print(engine.name, 'tensorflow' in sys.modules, 'onnx' in sys.modules, time.process_time() < 2.5)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert answer.stdout.split() == ["onnx", "False", "False", "True"]
