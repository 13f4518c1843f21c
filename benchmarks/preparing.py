"""`python -m benchmarks.preparing`: the ancestor's preprocessing as matrices, beside scikit-image, in turns.

Prints milliseconds of processor time for pictures of several sizes, and the largest difference of a value (of 255). Run
it with OPENBLAS_NUM_THREADS=1, as the server runs.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from skimage.transform import resize

from benchmarks.machine import describe
from lookalike_server.models import seed, seed_pixels

SIZES = ((375, 500), (768, 1024), (1944, 2592), (3000, 4000))
"""Height and width."""

Pixels = NDArray[np.uint8]
Resized = NDArray[np.float64]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds")
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="how many of the sizes, smallest first")
    flags = parser.parse_args()
    print(
        f"{describe()}\n\n| pixels | matrices, ms | scikit-image, ms | times less | difference |\n|---|---|---|---|---|"
    )
    for height, width in SIZES[: flags.sizes]:
        pixels = np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)
        report(pixels, [(timed(ours, pixels), timed(theirs, pixels)) for _ in range(flags.rounds)])


def ours(pixels: Pixels) -> Resized:
    """As the server does it."""
    return seed_pixels.resized(pixels, seed.INPUT_SIZE)


def theirs(pixels: Pixels) -> Resized:
    """As the ancestor did it."""
    found: Resized = resize(pixels.astype(np.float64), (*seed.INPUT_SIZE, 3))
    return found


def timed(work: Callable[[Pixels], Resized], pixels: Pixels) -> float:
    """Milliseconds of the processor."""
    began = time.process_time()
    work(pixels)
    return 1000 * (time.process_time() - began)


def report(pixels: Pixels, rounds: list[tuple[float, float]]) -> None:
    """One line: medians, and the ratio round by round."""
    matrices, library = (statistics.median(times) for times in zip(*rounds, strict=True))
    ratio = statistics.median(other / one for one, other in rounds)
    apart = np.abs(ours(pixels) - theirs(pixels)).max()
    height, width, _ = pixels.shape
    print(f"| {width} x {height} | {matrices:.0f} | {library:.0f} | {ratio:.1f} | {apart:.0e} |", flush=True)


if __name__ == "__main__":
    main()
