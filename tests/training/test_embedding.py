"""Files go through a model as the server takes them."""

import threading
from pathlib import Path

import numpy as np
import pytest
from tests.pictures import write_pictures

from lookalike_server.config import Settings
from lookalike_server.errors import ImageUndecodable
from lookalike_server.models import registry
from lookalike_server.training import folder
from lookalike_server.training.alterations import ALTERATIONS
from lookalike_server.training.embedding import Embedder, mapped


@pytest.fixture
def embedder() -> Embedder:
    return Embedder("tiny", Settings(max_batch=4, threads=2))


def test_embeddings_come_in_the_order_of_the_files(embedder: Embedder, tmp_path: Path) -> None:
    paths = write_pictures(tmp_path, range(11))
    model, engine = registry.load("tiny"), registry.load("tiny").engine(threads=1)
    expected = engine.embed(np.stack([model.prepare(folder.read(path)) for path in paths])).embeddings
    np.testing.assert_allclose(embedder.files(paths).embeddings, expected, atol=1e-6)


def test_alterations_of_a_picture_come_together_and_in_their_order(embedder: Embedder, tmp_path: Path) -> None:
    paths = write_pictures(tmp_path, range(3))
    found = embedder.altered(paths).embeddings
    assert len(found) == 3 * len(ALTERATIONS)
    mirrored = ALTERATIONS["mirrored"](folder.read(paths[1]))
    row = len(ALTERATIONS) + list(ALTERATIONS).index("mirrored")
    expected = embedder.engine.embed(embedder.model.prepare(mirrored)[np.newaxis]).embeddings[0]
    np.testing.assert_allclose(found[row], expected, atol=1e-6)


def test_a_picture_that_cannot_be_decoded_is_an_error(embedder: Embedder, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(ImageUndecodable):
        embedder.files([tmp_path / "a.png"])


def test_mapping_keeps_order_and_stays_a_bounded_number_ahead() -> None:
    begun, lock = [], threading.Lock()

    def note(item: int) -> int:
        with lock:
            begun.append(item)
        return -item

    found = mapped(note, range(100), threads=3, ahead=5)
    assert [next(found) for _ in range(10)] == [-item for item in range(10)]
    with lock:
        assert max(begun) <= 14
    assert list(found) == [-item for item in range(10, 100)]
