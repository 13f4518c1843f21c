"""`benchmarks/peers/run [FOLDER]`: our server beside mosec, LitServe and Ray Serve, the bare loop as ceiling.

First each of the others is tried with each batching delay, and without batches; shown is the setting of the highest
throughput at 32 callers, and among those within 3% of it the one of the lowest p99 at 60% of capacity. Then come the
runs: in each, every server has its turn alone, one after another. `--show` prints what `--out` has written again.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import photographs
from benchmarks.machine import describe
from benchmarks.peers import bare
from benchmarks.peers.loads import Loads
from benchmarks.peers.servers import PEERS, SERVERS, Server, serving
from benchmarks.peers.tables import BARE, report
from benchmarks.peers.task import Setup

BEGAN = time.perf_counter()
PICTURES = 96
NEARLY = 0.97
"""Throughputs this near to the best are equal in tuning."""
LEAST_IN_FLIGHT = 64
"""Requests that every peer takes: twice the callers of any closed loop."""


def main() -> None:
    """Tune, run and print."""
    flags = parse()
    if flags.show:
        print(report(json.loads(flags.show.read_text())))
        return
    chosen = [server for server in SERVERS if server.name in flags.servers]
    loads = Loads(sent(flags.folder), capacity=0.0, seconds=flags.seconds, patience=flags.patience)
    setup = Setup(0, flags.model, len(os.sched_getaffinity(0)), None, flags.patience, LEAST_IN_FLIGHT)
    results = measure(chosen, setup, loads, flags.runs, flags.environments)
    say("done")
    if flags.out:
        flags.out.write_text(json.dumps(results, indent=1))
    print(report(results))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="benchmarks/peers/run", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    names = [server.name for server in SERVERS]
    parser.add_argument("folder", type=Path, nargs="?", help="photographs; without it those that the extra demo ships")
    parser.add_argument("--runs", type=int, default=5, help="turns of every server")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each load")
    parser.add_argument("--patience", type=float, default=2.0, help="seconds after which callers give up")
    parser.add_argument("--model", default="deepranking-lite0")
    parser.add_argument("--servers", nargs="+", choices=names, default=names, metavar="NAME", help=f"of {names}")
    parser.add_argument("--environments", type=Path, default=Path(".venv/peers"), help="the others' environments")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the results there")
    parser.add_argument("--show", type=Path, metavar="FILE", help="print results that were written, and nothing else")
    return parser.parse_args()


def sent(folder: Path | None) -> list[bytes]:
    """JPEGs of 500 x 375, derived from the folder's photographs or from those that packages ship."""
    with tempfile.TemporaryDirectory(prefix="lookalike-peers-") as scratch:
        found = photographs.sources(folder, PICTURES)
        return photographs.encoded(photographs.write_small(found, Path(scratch) / "small", PICTURES))


def measure(servers: Sequence[Server], setup: Setup, loads: Loads, runs: int, home: Path) -> dict[str, Any]:
    """The results, as they are written."""
    peers = [server for server in servers if server in PEERS]
    first = with_capacity(loads, setup, 0)[0]
    # What is done in half of a caller's patience may wait: as whoever runs such a server would set it.
    setup = replace(setup, in_flight=max(LEAST_IN_FLIGHT, int(first.capacity * loads.patience / 2)))
    tried = {peer.name: tune(peer, setup, first, home) for peer in peers}
    chosen = {name: best(settings) for name, settings in tried.items()}
    found: list[Mapping[str, Mapping[str, float]]] = []
    for number in range(runs):
        ours, ceiling = with_capacity(loads, setup, number)
        run: dict[str, Mapping[str, float]] = {BARE: ceiling}
        for server in servers:
            say(f"run {number + 1} of {runs}: {server.name}")
            delay = next((each for each in server.delays if named(each) == chosen.get(server.name)), None)
            with serving(server, replace(setup, delay_ms=delay), home, loads.pictures[0]) as caller:
                run[server.name] = ours.all(caller)
        found.append(run)
    return {"machine": describe(), "loads": words(setup, loads, runs), "tuning": tried, "chosen": chosen, "runs": found}


def with_capacity(loads: Loads, setup: Setup, number: int) -> tuple[Loads, Mapping[str, float]]:
    """Loads of this run, which are shares of what the bare loop does now, and its figures."""
    figures = bare.measure(setup.model, setup.cores, loads.pictures, loads.seconds, setup.max_batch)
    return replace(loads, capacity=figures["closed 32 rate"], seed=number), figures


def tune(peer: Server, setup: Setup, loads: Loads, home: Path) -> dict[str, tuple[float, float]]:
    """Throughput and p99 with each setting."""
    tried = {}
    for delay in peer.delays:
        say(f"tuning {peer.name}: {named(delay)}")
        with serving(peer, replace(setup, delay_ms=delay), home, loads.pictures[0]) as caller:
            tried[named(delay)] = loads.tuning(caller)
    return tried


def best(settings: Mapping[str, tuple[float, float]]) -> str:
    """The setting to show."""
    most = max(rate for rate, _ in settings.values())
    return min((p99, name) for name, (rate, p99) in settings.items() if rate >= NEARLY * most)[1]


def say(words: str) -> None:
    """How far it is, after how many seconds."""
    print(f"{time.perf_counter() - BEGAN:5.0f} s  {words}", file=sys.stderr, flush=True)


def named(delay: int | None) -> str:
    """The setting in words."""
    return "none" if delay is None else f"delay {delay} ms"


def words(setup: Setup, loads: Loads, runs: int) -> str:
    """What the table stands on."""
    return (
        f"Model {setup.model}, {setup.cores} cores; {len(loads.pictures)} JPEGs of 500 x 375; "
        f"runs: {runs}, of {loads.seconds:g} s a load; callers wait {loads.patience:g} s. "
        "Median (lowest to highest). Arrivals are shares of the bare loop's images/s."
    )


if __name__ == "__main__":
    main()
