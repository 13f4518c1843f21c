"""A folder kept in step, on the ancestor's number of photographs: `python -m benchmarks.everyday FOLDER...`.

36,500 files are made of the folders' photographs, and of their mirrored copies where there are too few. A server of its
own runs, and `lookalike index` as people run it: once killed in the middle and run again, then over the unchanged
folder, then after a hundredth of the files was moved, changed, copied and deleted. One table, beside what the ancestor
took.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import chain, cycle, islice
from pathlib import Path
from time import perf_counter

from PIL import Image, ImageOps

from benchmarks.markdown import table, verdict
from lookalike import Client, errors, pictures
from lookalike_server.process import running

COUNT = 36_500
FOLDERS = 100
ANCESTOR = "4 to 6 hours"
TARGET_SECONDS = 360.0
COLLECTION = "everyday"
COMMAND = (sys.executable, "-c", "from lookalike.cli import main; main()")

Row = tuple[str, float, str]


def main(arguments: Sequence[str]) -> None:
    """Make the files, run it all, print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.everyday", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="photographs, in any number of subfolders")
    parser.add_argument("--count", type=int, default=COUNT, help="files to index (%(default)s)")
    parser.add_argument(
        "--work", type=Path, help="where to put files and data; removed at the end (a temporary folder)"
    )
    parser.add_argument("--flags", default="", help="further flags of the server, such as '--model tiny'")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="everyday-", dir=given.work) as work:
        made = make_files(given.folders, Path(work, "photos"), given.count)
        print(f"{made:,} files made", flush=True)
        with running(Path(work, "data"), *given.flags.split()) as server:
            rows = list(runs(server.target, Path(work, "photos"), made))
    table(("`lookalike index` on " + f"{made:,} files", "seconds", "what it did"), rows)
    whole = rows[0][1] + rows[1][1]
    print(f"First import, kill and resume included: {whole / 60:.1f} minutes; the ancestor took {ANCESTOR}.")
    print(f"Under {TARGET_SECONDS / 60:.0f} minutes: {verdict(whole < TARGET_SECONDS)}")


def make_files(sources: Sequence[Path], folder: Path, count: int) -> int:
    """So many different files: the photographs, then their mirrored copies, then those of lower quality."""
    originals = list(islice(chain.from_iterable(map(pictures.find, sources)), count))
    for number in range(FOLDERS):
        (folder / f"{number:02}").mkdir(parents=True)
    for number, original in enumerate(originals):
        shutil.copyfile(original, folder / f"{number % FOLDERS:02}" / f"{number:05}{original.suffix}")
    for number, original in enumerate(islice(cycle(originals), count - len(originals)), len(originals)):
        _mirrored(original, folder / f"{number % FOLDERS:02}" / f"{number:05}.jpg", 90 - number // len(originals))
    return count


def runs(target: str, photos: Path, count: int) -> Iterator[Row]:
    """Each run of the command."""
    yield killed_in_the_middle(target, photos, count)
    yield ("run again: the rest", *indexed(target, photos))
    yield ("unchanged", *indexed(target, photos))
    stirred = stir(photos)
    yield (f"{stirred:,} moved, changed, copied, deleted; --prune", *indexed(target, photos, "--prune"))
    yield ("unchanged again", *indexed(target, photos))


def killed_in_the_middle(target: str, photos: Path, count: int) -> Row:
    """The first run, until half is there."""
    begin = perf_counter()
    with Client(target) as client, subprocess.Popen(_command(target, photos), stdout=subprocess.DEVNULL) as process:
        while _held(client) < count // 2 and process.poll() is None:
            try:
                process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                continue
        process.send_signal(signal.SIGKILL)
        process.wait()
        return "first run, killed in the middle", perf_counter() - begin, f"{_held(client):,} held"


def indexed(target: str, photos: Path, *options: str) -> tuple[float, str]:
    """A run to its end: seconds, and its counts. Raises RuntimeError where any picture failed."""
    begin = perf_counter()
    done = subprocess.run(_command(target, photos, *options), stdout=subprocess.PIPE, text=True, check=False)
    seconds = perf_counter() - begin
    summary = json.loads(done.stdout)
    if done.returncode:
        raise RuntimeError(f"{summary['failed']:,} failed, such as {summary['failures'][0]}")
    names = ("created", "existed", "moved", "changed", "unchanged", "pruned")
    told = [f"{summary[name]:,} {name}" for name in names if summary[name]]
    return seconds, " · ".join((*told, f"{summary['sent_bytes'] / 1e6:,.1f} MB sent"))


def stir(photos: Path) -> int:
    """Move, change, copy and delete a hundredth of the files."""
    chosen = list(pictures.find(photos))[::100]
    (photos / "moved").mkdir()
    for number, path in enumerate(chosen):
        match number % 4:
            case 0:
                path.rename(photos / "moved" / path.name)
            case 1:
                _mirrored(path, path, 60)
            case 2:
                shutil.copyfile(path, path.with_stem(f"{path.stem}-copy"))
            case 3:
                path.unlink()
    return len(chosen)


def _mirrored(original: Path, path: Path, quality: int) -> None:
    with Image.open(original) as image:
        ImageOps.mirror(image.convert("RGB")).save(path, "JPEG", quality=quality)


def _command(target: str, photos: Path, *options: str) -> list[str]:
    return [*COMMAND, "index", str(photos), "--collection", COLLECTION, "--server", target, "--json", *options]


def _held(client: Client) -> int:
    try:
        return client.collection(COLLECTION).image_count
    except errors.CollectionNotFound:
        return 0


if __name__ == "__main__":
    main(sys.argv[1:])
