"""Pictures of any mode and size to the pixels of a network's input; shared by the models' `prepare`."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

WHITE = (255, 255, 255, 255)


def to_rgb(image: Image.Image) -> Image.Image:
    """Return the picture in mode RGB, as a viewer would show it on a white page.

    Grey of 16 bits is scaled to 8, where Pillow's own conversion cuts everything above 255 off as white.
    """
    if image.mode == "I" or image.mode.startswith("I;16"):
        return Image.fromarray(_eight_bits(image)).convert("RGB")
    if image.has_transparency_data:
        page = Image.new("RGBA", image.size, WHITE)
        return Image.alpha_composite(page, image.convert("RGBA")).convert("RGB")
    if image.mode == "LAB":
        return _lab_to_rgb(image)
    return image.convert("RGB")


def resized(image: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return an RGB picture as pixels [height, width, 3] of this height and width.

    The whole picture, squeezed to shape with Pillow's antialiased bilinear filter. Precision@5 over 2,000 photographs
    of 100 kinds of place, EfficientNet-Lite0: bilinear .260, bicubic .259, Lanczos .255; a centre crop of 87.5% loses
    .005 to .008.
    """
    height, width = size
    return np.array(image.resize((width, height), Image.Resampling.BILINEAR))


def _eight_bits(image: Image.Image) -> NDArray[np.uint8]:
    """Mode `I` has room for 32 bits; files fill 16."""
    return (np.asarray(image).clip(0, 0xFFFF) >> 8).astype(np.uint8)


def _lab_to_rgb(image: Image.Image) -> Image.Image:
    """Pillow's convert does not know CIE L*a*b*, which TIFF files may hold."""
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    rgb = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    if rgb is None:
        raise ValueError("no conversion from L*a*b* to sRGB")
    return rgb
