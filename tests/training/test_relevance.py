"""Relevance puts pictures whose order is obvious in that order, within [0, 1]."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance
from tests.pictures import picture

from lookalike_server.training import relevance
from lookalike_server.training.relevance import Looks, Mix, Relevance, looks

COLOUR, TEXTURE = Mix(features=0, colour=1, texture=0), Mix(features=0, colour=0, texture=1)


def among(images: list[Image.Image], mix: Mix, features: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    n = len(images)
    given = np.ones((n, 4), np.float32) if features is None else features
    everything = np.arange(n)
    return Relevance(given, [looks(image) for image in images], np.zeros(n, np.int64), mix).between(
        everything, everything
    )


def plain(colour: str) -> Image.Image:
    return Image.new("RGB", (90, 70), colour)


def stripes(angle: float, colour: str = "white") -> Image.Image:
    image = Image.new("RGB", (256, 256), "black")
    draw = ImageDraw.Draw(image)
    for x in range(0, 256, 32):
        draw.rectangle((x, 0, x + 15, 256), fill=colour)
    return image.rotate(angle)


def test_by_colour_a_red_is_nearer_to_another_red_than_to_a_blue() -> None:
    red = Image.blend(plain("red"), picture(1, 90, 70), 0.4)
    other = ImageEnhance.Brightness(red).enhance(0.97)
    found = among([red, other, plain("blue")], COLOUR)
    assert found[0, 1] > 0.6
    assert found[0, 2] < 0.1


def test_greys_differ_by_their_lightness() -> None:
    found = among([plain("#808080"), plain("#828282"), plain("#f0f0f0")], COLOUR)
    assert found[0, 1] == pytest.approx(1, abs=1e-5)
    assert found[0, 2] == 0


def test_by_texture_stripes_are_nearer_to_stripes_of_their_direction_whatever_the_colour() -> None:
    found = among([stripes(0), stripes(0, "lime"), stripes(90)], TEXTURE)
    assert found[0, 1] > 0.95
    assert found[0, 2] < 0.5


def test_texture_knows_where_in_the_picture_it_is() -> None:
    left, right = plain("black"), plain("black")
    ImageDraw.Draw(left).rectangle((10, 20, 30, 50), fill="white")
    ImageDraw.Draw(right).rectangle((60, 20, 80, 50), fill="white")
    found = among([left, left.copy(), right], TEXTURE)
    assert found[0, 1] > 0.99
    assert found[0, 2] < 0.3


def test_by_features_it_is_the_cosine_and_never_negative() -> None:
    features = np.array([[2.0, 0.0], [3.0, 4.0], [-1.0, 0.0]], np.float32)
    found = among([plain("red")] * 3, Mix(features=1, colour=0, texture=0), features)
    np.testing.assert_allclose(found, np.array([[1, 0.6, 0], [0.6, 1, 0], [0, 0, 1]]), atol=1e-6)


def test_the_mix_is_the_weighted_sum_of_its_parts() -> None:
    images = [picture(seed) for seed in range(4)]
    features = np.random.default_rng(0).random((4, 6)).astype(np.float32)
    parts = [among(images, mix, features) for mix in (Mix(features=1, colour=0, texture=0), COLOUR, TEXTURE)]
    mixed = among(images, Mix(features=0.5, colour=0.3, texture=0.2), features)
    np.testing.assert_allclose(mixed, 0.5 * parts[0] + 0.3 * parts[1] + 0.2 * parts[2], atol=1e-5)


def test_it_is_symmetric_within_0_and_1_and_1_with_itself() -> None:
    found = among([*(picture(seed) for seed in range(6)), plain("white"), plain("black")], Mix())
    np.testing.assert_allclose(found, found.T, atol=1e-6)
    assert found.min() >= 0
    assert found.max() <= 1
    np.testing.assert_allclose(found.diagonal(), 1, atol=1e-5)


def test_a_copy_is_more_relevant_than_any_other_picture() -> None:
    originals = [picture(seed) for seed in range(5)]
    copies = [image.resize((120, 90)) for image in originals]
    found = among([*originals, *copies], Mix(features=0, colour=0.6, texture=0.4))
    np.fill_diagonal(found, 0)
    assert found[:5].argmax(axis=1).tolist() == [5, 6, 7, 8, 9]


def test_totals_add_up_a_pictures_own_kind_without_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relevance, "BLOCK", 2)
    seen = [looks(picture(seed)) for seed in range(6)]
    kinds = np.array([0, 1, 0, 1, 0, 2])
    found = Relevance(np.random.default_rng(0).random((6, 3)).astype(np.float32), seen, kinds)
    pairs = found.between(np.arange(6), np.arange(6))
    np.fill_diagonal(pairs, 0)
    expected = np.where(kinds[:, None] == kinds, pairs, 0).sum(axis=1)
    np.testing.assert_allclose(found.totals, expected, atol=1e-5)
    assert found.totals[5] == 0


def test_parts_are_unit_vectors() -> None:
    seen = looks(picture(1))
    assert isinstance(seen, Looks)
    assert np.linalg.norm(seen.colour) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(seen.texture) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("weights", [(0.5, 0.5, 0.5), (1.2, -0.2, 0.0)])
def test_a_mix_that_is_none_is_refused(weights: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        Mix(features=weights[0], colour=weights[1], texture=weights[2])
