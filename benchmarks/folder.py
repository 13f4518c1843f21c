"""`python -m benchmarks.folder FOLDER`: the whole product on a folder of class folders (`kind/name.jpg`).

Prints, from one run: images a second of `lookalike index` beside a bare loop of the same decoder and engine on the same
files; the latency of searches by picture and by vector; mean precision@5 by kind, each image searched against all the
others.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.machine import describe
from lookalike import Client, LookalikeError, StoredImage, pictures
from lookalike_server.config import Settings
from lookalike_server.hosting import decoder_for, warm
from lookalike_server.models import registry
from lookalike_server.process import running

NEIGHBOURS = 5


def main() -> None:
    """Measure and print."""
    flags = parse()
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as scratch:
        kinds = sample(flags.folder, flags.per_kind, Path(scratch) / "photos")
        files = sorted(path for paths in kinds.values() for path in paths)
        print(
            f"{describe()}\n{len(files)} pictures of {len(kinds)} kinds; model {flags.model}, engine {flags.engine}\n"
        )
        bare_rates, index_rates = [], []
        began = time.perf_counter()
        with running(Path(scratch) / "data", "--model", flags.model, "--engine", flags.engine) as server:
            print(f"from starting the process to serving: {time.perf_counter() - began:.1f} s\n")
            for number in range(flags.rounds):
                bare_rates.append(bare_loop(files, flags))
                index_rates.append(index(Path(scratch) / "photos", server.target, f"round-{number}"))
            report_throughput(bare_rates, index_rates)
            with Client(server.target) as looks:
                report_latency(looks, files[:: max(1, len(files) // flags.queries)])
                report_precision(looks, kinds)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, help="folder of class folders")
    parser.add_argument("--per-kind", type=int, default=20, help="pictures of each kind")
    parser.add_argument("--rounds", type=int, default=3, help="alternating rounds of bare loop and index")
    parser.add_argument("--queries", type=int, default=500, help="searches of each sort")
    parser.add_argument("--model", default="deepranking-lite0")
    parser.add_argument("--engine", default="auto")
    return parser.parse_args()


def sample(folder: Path, per_kind: int, into: Path) -> dict[str, list[Path]]:
    """Links to the first pictures of each kind, so that `lookalike index` sees just those."""
    kinds: dict[str, list[Path]] = {}
    for kind in sorted(path for path in folder.iterdir() if path.is_dir()):
        chosen = list(islice(pictures.find(kind, recursive=False), per_kind))
        (into / kind.name).mkdir(parents=True)
        kinds[kind.name] = [into / kind.name / path.name for path in chosen]
        for link, picture in zip(kinds[kind.name], chosen, strict=True):
            link.hardlink_to(picture) if same_disk(picture, into) else link.write_bytes(picture.read_bytes())
    return kinds


def same_disk(one: Path, other: Path) -> bool:
    """Whether a hard link can be made."""
    return one.stat().st_dev == other.stat().st_dev


def bare_loop(files: Sequence[Path], flags: argparse.Namespace) -> float:
    """Images a second of decoding and embedding alone: decode threads one batch ahead of the engine."""
    settings = Settings(model=(flags.model,), engine=flags.engine)
    model = registry.load(flags.model)
    engine, decoder = model.engine(settings.engine, threads=settings.cores), decoder_for(model, settings)
    warm(model, engine)
    began = time.perf_counter()
    with ThreadPoolExecutor(settings.cores) as pool:
        pixels = pool.map(lambda path: decoder.decode_now(path.read_bytes()).pixels, files)
        for batch in batches(pixels, settings.max_batch):
            engine.embed(np.stack(batch))
    seconds = time.perf_counter() - began
    decoder.close()
    return len(files) / seconds


def batches(things: Iterable[np.ndarray], size: int) -> Iterable[list[np.ndarray]]:
    """The things in lists of `size`, the last one shorter."""
    batch: list[np.ndarray] = []
    for thing in things:
        batch.append(thing)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def index(folder: Path, target: str, collection: str) -> float:
    """Images a second as `lookalike index` reports them."""
    lookalike = str(Path(sys.executable).with_name("lookalike"))
    command = [lookalike, "index", str(folder), "-c", collection, "--server", target, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    return float(report["images_per_second"])


def report_throughput(bare: Sequence[float], indexed: Sequence[float]) -> None:
    """Medians and their ratio, round by round."""
    ratios = [one / other for one, other in zip(indexed, bare, strict=True)]
    print("| throughput | images/s, median (min to max) |\n|---|---|")
    for name, rates in (("bare loop of decoder and engine", bare), ("lookalike index, a new collection", indexed)):
        print(f"| {name} | {statistics.median(rates):.1f} ({min(rates):.1f} to {max(rates):.1f}) |")
    print(f"| ratio by round | {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |\n")


def report_latency(looks: Client, queries: Sequence[Path]) -> None:
    """Searches one after another, files read beforehand."""
    contents = [path.read_bytes() for path in queries]
    vectors = [looks.embed(content).vector for content in contents]
    print("| search, ms, one after another | p50 | p99 | n |\n|---|---|---|---|")
    for name, starts in (("by picture", contents), ("by vector", vectors)):
        times = sorted(timed(partial(looks.search, start, collection="round-0")) for start in starts)
        p50, p99 = (1000 * times[int(len(times) * share)] for share in (0.5, 0.99))
        print(f"| {name} | {p50:.1f} | {p99:.1f} | {len(times)} |")
    print()


def timed(call: Callable[[], object]) -> float:
    """Seconds that the call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def report_precision(looks: Client, kinds: dict[str, list[Path]]) -> None:
    """Share of the five nearest others that are of the query's kind, averaged by kind, then over kinds."""
    kind_of = {image.id: Path(image.path or "").parent.name for image in looks.images(collection="round-0")}
    hits = defaultdict(list)
    queries = (StoredImage(image_id) for image_id in kind_of)
    for query, result in looks.search_many(queries, collection="round-0", limit=NEIGHBOURS):
        if isinstance(result, LookalikeError):
            raise result
        kind = kind_of[query.id]
        hits[kind].append(sum(kind_of[match.image.id] == kind for match in result) / NEIGHBOURS)
    means = {kind: statistics.mean(shares) for kind, shares in hits.items()}
    ranked = sorted(means, key=means.__getitem__)
    print(f"| precision@{NEIGHBOURS}, leave one out | |\n|---|---|")
    print(f"| mean over {len(kinds)} kinds | {statistics.mean(means.values()):.3f} |")
    for name, chosen in (("best", ranked[:-4:-1]), ("worst", ranked[:3])):
        print(f"| {name} | {', '.join(f'{kind} {means[kind]:.2f}' for kind in chosen)} |")


if __name__ == "__main__":
    main()
