"""`make crash`: kills a server so many times, says what was hit, and ends with 1 when it has broken its word."""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tests.crash.moments import AIMS
from tests.crash.rounds import Lost, Rounds


def main() -> int:
    """Run the rounds."""
    parser = argparse.ArgumentParser(prog="tests.crash", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="kills")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000), help="of the moments")  # noqa: S311
    flags = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server does not stay behind
    print(f"{flags.rounds} kills, seed {flags.seed}", flush=True)
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="crash-"))
    try:
        with closing(Rounds(folder, flags.seed)) as rounds:
            rounds.run(flags.rounds)
    except (Lost, ChildProcessError) as lost:  # the latter: a server did not start
        print(f"seed {flags.seed}, folder {folder}: {lost}")
        return 1
    shutil.rmtree(folder)
    print(table(rounds))
    print(f"{time.monotonic() - began:.0f} s")
    return 0


def table(rounds: Rounds) -> str:
    """What was hit, in Markdown, and what it says of the changes."""
    rows = [f"| {aim} | {rounds.aimed[aim]} | {rounds.hits[aim]} |" for aim in AIMS]
    ledger = rounds.ledger
    return "\n".join(
        [
            "| killed while the server was to | aimed at | under way at a kill |",
            "|---|---|---|",
            *rows,
            f"{ledger.confirmed} changes acknowledged, all there. Of those under way at a kill {ledger.applied} were "
            f"found whole, {ledger.dropped} not at all. {len(ledger.deleted)} images deleted, none came back.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
