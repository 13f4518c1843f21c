"""`python -m benchmarks.precision FOLDER`: mean precision@5 on a folder of class folders (`kind/name.jpg`).

Each picture is searched against all the others, through a server, with `search_many`.
"""

import argparse
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.markdown import table
from lookalike import Client, LookalikeError, StoredImage, pictures
from lookalike_server.process import running

NEIGHBOURS = 5


def main() -> None:
    """Measure and print."""
    flags = parse()
    files = sample(flags.folder, flags.per_kind)
    with (
        tempfile.TemporaryDirectory(prefix="lookalike-bench-") as scratch,
        running(Path(scratch) / "data", "--model", flags.model) as server,
        Client(server.target) as looks,
    ):
        for _ in looks.import_images(files):
            pass
        means = precision(looks)
    print(f"{describe()}\n{len(files)} pictures of {len(means)} kinds; model {flags.model}\n")
    report(means)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, help="folder of class folders")
    parser.add_argument("--per-kind", type=int, default=20, help="pictures of each kind")
    parser.add_argument("--model", default="deepranking-lite0")
    return parser.parse_args()


def sample(folder: Path, per_kind: int) -> list[Path]:
    """The first pictures of each kind."""
    kinds = sorted(path for path in folder.iterdir() if path.is_dir())
    return [path for kind in kinds for path in islice(pictures.find(kind, recursive=False), per_kind)]


def precision(looks: Client) -> dict[str, float]:
    """By kind, the share of the five nearest others that are of the query's kind."""
    kind_of = {image.id: Path(image.path or "").parent.name for image in looks.images()}
    hits: defaultdict[str, list[float]] = defaultdict(list)
    for query, result in looks.search_many(map(StoredImage, kind_of), limit=NEIGHBOURS):
        if isinstance(result, LookalikeError):
            raise result
        kind = kind_of[query.id]
        hits[kind].append(sum(kind_of[match.image.id] == kind for match in result) / NEIGHBOURS)
    return {kind: statistics.mean(shares) for kind, shares in hits.items()}


def report(means: Mapping[str, float]) -> None:
    """The mean over kinds, and the kinds at both ends."""
    ranked: Sequence[str] = sorted(means, key=means.__getitem__)
    rows = [[f"mean over {len(means)} kinds", f"{statistics.mean(means.values()):.3f}"]]
    for name, chosen in (("best", ranked[:-4:-1]), ("worst", ranked[:3])):
        rows.append([name, ", ".join(f"{kind} {means[kind]:.2f}" for kind in chosen)])
    table([f"precision@{NEIGHBOURS}, leave one out", ""], rows)


if __name__ == "__main__":
    main()
