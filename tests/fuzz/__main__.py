"""`make fuzz`: damages files for so many seconds and decodes them in child processes; ends with 1 when one misbehaves.

A crash, a hang or a foreign exception is written to a file named by its seed, which `--only` decodes once more.
"""

import argparse
import multiprocessing
import random
import sys
import time
import warnings
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz import trial
from tests.fuzz.mutations import mutated

PATIENCE = 20.0
"""Seconds that one file may take, on a machine that has much else to do."""
ROUND = 500
"""Files that a child decodes before another takes its place: a leak must not look like a bomb."""


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    warnings.simplefilter("ignore")  # Pillow's, of odd pictures
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30), help="of the first file")  # noqa: S311
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"), help="folder for files that misbehave")
    parser.add_argument("--only", type=int, help="decode the file of this seed, here")
    flags = parser.parse_args()
    if flags.only is not None:
        print(trial.decode(flags.only))
        return 0
    print(f"{flags.seconds:.0f} seconds, from seed {flags.seed}", flush=True)
    seen, findings = fuzz(flags.seed, flags.seconds, flags.out)
    print(", ".join(f"{outcome} {count}" for outcome, count in seen.most_common()))
    print(f"{seen.total()} files, {len(findings)} misbehaved", *findings, sep="\n")
    return 1 if findings else 0


def fuzz(seed: int, seconds: float, out: Path) -> tuple[Counter[str], list[str]]:
    """What became of the files from that seed on, and a line for each that misbehaved."""
    end = time.monotonic() + seconds
    seen, findings = Counter[str](), list[str]()
    trial.material()  # once, and the children have it
    while time.monotonic() < end:
        seed, trouble = _round(seed, end, seen)
        if trouble:
            out.mkdir(parents=True, exist_ok=True)
            (out / f"{seed}.bin").write_bytes(mutated(seed, trial.material()))
            findings.append(f"{out / f'{seed}.bin'}: {trouble}")
            seed += 1
    return seen, findings


def _round(seed: int, end: float, seen: Counter[str]) -> tuple[int, str]:
    """Have a child decode from that seed on; returns where it came to, and what was wrong there or nothing."""
    here, there = multiprocessing.get_context("fork").Pipe()
    child = multiprocessing.get_context("fork").Process(target=_child, args=(there, seed), daemon=True)
    child.start()
    there.close()
    try:
        for number in range(seed, seed + ROUND):
            if time.monotonic() > end:
                return number, ""
            if not here.poll(PATIENCE):
                return number, f"it takes more than {PATIENCE:.0f} s"
            outcome, is_allowed = here.recv()
            if not is_allowed:
                return number, outcome
            seen[outcome] += 1
    except EOFError:
        child.join()
        return number, f"the process died: exit status {child.exitcode}"
    finally:
        child.kill()
        child.join()
    return seed + ROUND, ""


def _child(answers: Connection, seed: int) -> None:
    trial.confine()
    for number in range(seed, seed + ROUND):
        try:
            answers.send((trial.decode(number), True))
        except BaseException as error:  # whatever it is, it must not be
            answers.send((f"{type(error).__name__}: {error}", False))


if __name__ == "__main__":
    sys.exit(main())
