"""Models are found by entry point: ours, and a stranger's."""

import sys
from pathlib import Path

import pytest

from lookalike_server.errors import ModelFileError
from lookalike_server.models import registry

STRANGER = """
from lookalike_server.models.tiny import TinyModel

class Stranger(TinyModel):
    def __init__(self, argument):
        self.id = f"stranger-{argument}"
"""


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of someone else's, installed."""
    (tmp_path / "stranger_models.py").write_text(STRANGER)
    info = tmp_path / "stranger_models-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger-models\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[lookalike.models]\nstranger = stranger_models:Stranger\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "stranger_models", raising=False)


def test_the_built_in_models_are_available() -> None:
    assert {"efficientnet-lite0", "tiny"} <= set(registry.available())


@pytest.mark.usefixtures("stranger")
def test_a_strangers_model_is_found_and_given_its_argument() -> None:
    assert "stranger" in registry.available()
    assert registry.load("stranger:/data/a:b.h5").id == "stranger-/data/a:b.h5"
    assert registry.load("stranger").id == "stranger-"


def test_an_unknown_model_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ModelFileError, match=r"no model 'vgg99'.*efficientnet-lite0.*tiny"):
        registry.load("vgg99")
