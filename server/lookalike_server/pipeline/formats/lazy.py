"""A picture of which only the header is read, for libraries that know no such thing: loading it decodes it, once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

Pixels = NDArray[np.generic]
"""[h, w] or [h, w, channels], of any type."""


class LazyImage(ImageFile.ImageFile):
    """To be derived from: a format gives its size from the header, and its pixels when they are asked for."""

    def header(self, content: bytes) -> tuple[int, int]:
        """Width and height. Raises SyntaxError."""
        raise NotImplementedError

    def pixels(self, content: bytes) -> NDArray[np.uint8]:
        """The decoded picture, [h, w] or [h, w, channels]; raises what its library raises."""
        raise NotImplementedError

    def _open(self) -> None:
        self._content: bytes | None = self.fp.read() if self.fp else b""
        self._size = self.header(self._content)
        self._mode = "RGB"

    def load(self) -> Any:
        """Decode it, once."""
        if self._content is not None:
            pixels = self.pixels(self._content)
            if pixels.shape[1::-1] != self.size:
                raise ValueError(f"its header says {self.size}, its pixels {pixels.shape}")
            decoded = Image.fromarray(pixels)
            self.im, self._mode, self._content = decoded.im, decoded.mode, None
        return super().load()
