"""How long a picture of each format takes to decode: `python -m benchmarks.formats FILE...`.

Each file is decoded as for the default model, the median of five times on one thread; *held* is the longest time for
which another thread of Python could not run meanwhile, so that a library that keeps the interpreter's lock shows.
"""

import argparse
import statistics
import threading
import time
from pathlib import Path

from lookalike_server.models import deepranking
from lookalike_server.pipeline.decode import Decoded, Decoder

TIMES = 5
STEP = 0.0005
"""Seconds that the other thread sleeps each time."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.formats", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    model = deepranking.load_default("")
    decoder = Decoder(model, threads=1, max_bytes=1 << 30, max_pixels=1 << 30)
    print("| file | format | megapixels | MB | ms | held, ms |", "|---|---|---|---|---|---|", sep="\n")
    for path in parser.parse_args().files:
        content = path.read_bytes()
        decoded = decoder.decode_now(content)  # once for what is loaded at the first
        seconds = statistics.median(decoder.decode_now(content).seconds for _ in range(TIMES))
        print(row(path, content, decoded, seconds, held(decoder, content)))
    decoder.close()


def row(path: Path, content: bytes, decoded: Decoded, seconds: float, waited: float) -> str:
    """One line."""
    pixels, size = decoded.width * decoded.height / 1e6, len(content) / 1e6
    return f"| {path.name} | {decoded.format} | {pixels:.1f} | {size:.1f} | {seconds * 1e3:.0f} | {waited * 1e3:.0f} |"


def held(decoder: Decoder, content: bytes) -> float:
    """The longest time for which another thread could not run while the picture was decoded, seconds."""
    waits, done = [0.0], threading.Event()

    def other() -> None:
        last = time.perf_counter()
        while not done.wait(STEP):
            waits.append((now := time.perf_counter()) - last - STEP)
            last = now

    thread = threading.Thread(target=other)
    thread.start()
    decoder.decode_now(content)
    done.set()
    thread.join()
    return max(waits)


if __name__ == "__main__":
    main()
