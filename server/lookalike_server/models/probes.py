"""Pictures made in code, the same on every machine: a network shows with them what it makes of a picture."""

import numpy as np
from numpy.typing import NDArray


def probe_pictures(size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return four RGB pictures [4, height, width, 3]: a gradient, rings, coarse noise and fine noise."""
    height, width = size
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    gradient = np.stack([x, y, (x + y) / 2], axis=-1)
    distance = np.hypot(x - 0.4, y - 0.6)[..., None]
    rings = (1 + np.sin(distance * [40.0, 60.0, 90.0])) / 2
    # RandomState's stream is frozen; default_rng's may change with numpy.
    random = np.random.RandomState(224)
    coarse = np.kron(random.random_sample((7, 7, 3)), np.ones((-(-height // 7), -(-width // 7), 1)))[:height, :width]
    fine = random.random_sample((height, width, 3))
    return (np.stack([gradient, rings, coarse, fine]) * 255).round().astype(np.uint8)
