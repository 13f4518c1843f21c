"""Pictures of any mode and size to the pixels of a network's input; shared by the models' `prepare`."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from lookalike_server.models.depth import eight_bits, is_deep

WHITE = (255, 255, 255, 255)


def to_rgb(image: Image.Image) -> Image.Image:
    """Return the picture in mode RGB, as a viewer would show it on a white page.

    Grey of more than 8 bits is scaled, where Pillow's own conversion cuts everything above 255 off as white.
    """
    if is_deep(image):
        return eight_bits(image).convert("RGB")
    if image.has_transparency_data:
        page = Image.new("RGBA", image.size, WHITE)
        return Image.alpha_composite(page, image.convert("RGBA")).convert("RGB")
    if image.mode == "LAB":
        return _lab_to_rgb(image)
    return image.convert("RGB")


def resized(
    image: Image.Image, size: tuple[int, int], kernel: Image.Resampling = Image.Resampling.BILINEAR
) -> NDArray[np.uint8]:
    """Return an RGB picture as pixels [height, width, 3] of this height and width.

    The whole picture, squeezed to shape with one of Pillow's antialiased filters. Precision@5 over 2,000 photographs
    of 100 kinds of place, EfficientNet-Lite0: bilinear .260, bicubic .259, Lanczos .255; a centre crop of 87.5% loses
    .005 to .008.
    """
    height, width = size
    return np.array(image.resize((width, height), kernel))


def centre(
    image: Image.Image, size: tuple[int, int], shorter: int, kernel: Image.Resampling = Image.Resampling.BILINEAR
) -> NDArray[np.uint8]:
    """Return the middle of an RGB picture, [height, width, 3], as if its shorter side had been `shorter` pixels.

    Within a grey level what torchvision's `Resize(shorter)` and `CenterCrop(size)` give of a Pillow image, in one step:
    the whole of a picture of 1 x 100,000 pixels would take 20 GB at that scale.
    """
    scaled = [int(shorter * side / min(image.size)) for side in image.size]
    height, width = size
    box = [*_middle(image.width, scaled[0], width), *_middle(image.height, scaled[1], height)]
    return np.array(image.resize((width, height), kernel, box=(box[0], box[2], box[1], box[3])))


def _middle(side: int, scaled: int, wanted: int) -> tuple[float, float]:
    """Where the middle `wanted` of `scaled` pixels begins and ends on a side that was not scaled."""
    begin = round((scaled - wanted) / 2)
    return begin * side / scaled, min((begin + wanted) * side / scaled, side)


def _lab_to_rgb(image: Image.Image) -> Image.Image:
    """Pillow's convert does not know CIE L*a*b*, which TIFF files may hold."""
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    rgb = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    if rgb is None:
        raise ValueError("no conversion from L*a*b* to sRGB")
    return rgb
