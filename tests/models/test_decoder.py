"""A model's id tells JPEG decoders apart that give other pixels, and no others."""

import pytest
from PIL import features

from lookalike_server.info import versions
from lookalike_server.models import registry
from lookalike_server.models.decoder import decoder_tag


@pytest.mark.parametrize(
    ("turbo", "ijg", "tag", "in_full"),
    [
        ("3.2.0", "6.2", "turbo3", "libjpeg-turbo 3.2.0"),
        ("3.0.90", "8.0", "turbo3", "libjpeg-turbo 3.0.90"),
        ("2.1.5", "6.2", "turbo2", "libjpeg-turbo 2.1.5"),
        (None, "9.0", "ijg9", "libjpeg 9.0"),
        (None, "10.1", "ijg10", "libjpeg 10.1"),
    ],
)
def test_the_id_names_library_and_major_version_and_the_server_the_whole(
    turbo: str | None, ijg: str, tag: str, in_full: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "version", {"libjpeg_turbo": turbo, "jpg": ijg}.get)
    assert decoder_tag() == tag
    assert registry.load("efficientnet-lite0").id.endswith(f"-p1-{tag}")
    assert versions()["jpeg"] == in_full


def test_the_tiny_model_of_tests_has_one_id_everywhere() -> None:
    assert registry.load("tiny").id == "tiny-1"
