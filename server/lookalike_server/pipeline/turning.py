"""A picture as it is and turned otherwise: mirrored or not, then by 0, 90, 180 and 270 degrees."""

from PIL.Image import Image, Transpose

from lookalike_server.records import AS_IT_IS, Turn

_TRANSPOSES = {
    Turn(90): Transpose.ROTATE_270,  # Pillow counts against the clock
    Turn(180): Transpose.ROTATE_180,
    Turn(270): Transpose.ROTATE_90,
    Turn(0, mirrored=True): Transpose.FLIP_LEFT_RIGHT,
    Turn(90, mirrored=True): Transpose.TRANSVERSE,
    Turn(180, mirrored=True): Transpose.FLIP_TOP_BOTTOM,
    Turn(270, mirrored=True): Transpose.TRANSPOSE,
}

EVERY = (AS_IT_IS, *_TRANSPOSES)
"""The eight, the picture as it is first."""


def turned(image: Image, turn: Turn) -> Image:
    """The picture turned so, pixel by pixel."""
    return image.transpose(_TRANSPOSES[turn]) if turn in _TRANSPOSES else image
