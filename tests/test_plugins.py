"""What a stranger's package brings is found and served like our own."""

from pathlib import Path

import pytest
from tests import plugged
from tests.pictures import picture_bytes

from lookalike import Client
from lookalike_server.errors import LookalikeError, ModelFileError
from lookalike_server.models import registry
from lookalike_server.testing import serve


def test_a_strangers_model_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugged.install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert "gated" in registry.available()
    with serve(model="gated") as target, Client(target) as looks:
        assert looks.server_info().models[0].id == "gated-tiny-1"
        assert len(looks.embed(picture_bytes(1)).vector) == 64


@pytest.mark.parametrize(
    ("setting", "known"), [("model", "efficientnet-lite0"), ("index", "hnsw"), ("engine", "numpy")]
)
def test_an_unknown_name_is_answered_with_the_known_ones(setting: str, known: str) -> None:
    with pytest.raises(LookalikeError, match=known), serve(**{setting: "unheard-of"}):
        pass


def test_a_model_that_takes_no_argument_says_so() -> None:
    with pytest.raises(ModelFileError, match="no argument"):
        registry.load("efficientnet-lite0:/some/file")
