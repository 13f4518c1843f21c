"""What a run found, as a table: a line a figure, a column a server, medians and their spread, ours against the best."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.peers.loads import CALLERS, SHARES

BARE = "bare loop"
OURS = "ours"
NEAR = 0.05
"""How far behind the best still counts as equal."""

Values = Mapping[str, Sequence[float]]
"""A figure of each server that has it, by run."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line."""

    key: str
    words: str
    more_is_better: bool
    must_lead: bool = False


FIGURES = (
    *(
        figure
        for callers in CALLERS
        for figure in (
            Figure(f"closed {callers} rate", f"{callers} callers, images/s", True),
            Figure(f"closed {callers} p50", f"{callers} callers, p50, ms", False),
            Figure(f"closed {callers} p99", f"{callers} callers, p99, ms", False),
        )
    ),
    *(
        figure
        for share in SHARES
        for figure in (
            Figure(f"open {share} p50", f"arrivals at {share}%, p50, ms", False),
            Figure(f"open {share} p99", f"arrivals at {share}%, p99, ms", False),
            Figure(f"open {share} in time", f"arrivals at {share}%, in time, %", True),
        )
    ),
    Figure("mixed p50", "people beside bulk, p50, ms", False),
    Figure("mixed p99", "people beside bulk, p99, ms", False, must_lead=True),
    Figure("mixed bulk", "bulk beside people, images/s", True),
    Figure("overload goodput", "arrivals at 200%, goodput, % of capacity", True, must_lead=True),
    Figure("overload p50", "arrivals at 200%, p50 of the answered, ms", False),
    Figure("overload p99", "arrivals at 200%, p99 of the answered, ms", False),
)


def report(results: Mapping[str, Any]) -> str:
    """The whole report of a results file."""
    runs: Sequence[Mapping[str, Mapping[str, float]]] = results["runs"]
    names = list(runs[0])
    peers = [name for name in names if name in results["chosen"]]
    lines = [results["machine"], results["loads"], "", *tuning(results["tuning"], results["chosen"]), ""]
    lines += [f"| | {' | '.join(names)} | ours / best | |", "|---" * (len(names) + 3) + "|"]
    for figure in FIGURES:
        values = {name: [run[name][figure.key] for run in runs] for name in names if figure.key in runs[0][name]}
        cells = [cell(values.get(name, ())) for name in names]
        lines.append(f"| {figure.words} | {' | '.join(cells)} | {' | '.join(verdict(figure, values, peers))} |")
    return "\n".join(lines)


def tuning(tried: Mapping[str, Mapping[str, Sequence[float]]], chosen: Mapping[str, str]) -> list[str]:
    """A table of what each peer was tried with."""
    lines = ["| tried | batches | images/s, 32 callers | p99, ms, at 60% | |", "|---|---|---|---|---|"]
    for peer, settings in tried.items():
        for setting, (rate, p99) in settings.items():
            lines.append(
                f"| {peer} | {setting} | {rate:.1f} | {p99:.0f} | {'shown' if setting == chosen[peer] else ''} |"
            )
    return lines if tried else []


def cell(values: Sequence[float]) -> str:
    """Median and spread; a figure that could not be had is a dash."""
    real = [value for value in values if not math.isnan(value)]
    return f"{statistics.median(real):.1f} ({min(real):.1f} to {max(real):.1f})" if real else "-"


def verdict(figure: Figure, values: Values, peers: Sequence[str]) -> tuple[str, str]:
    """Ours over the best of the peers, both medians, and in words how we stand."""
    medians = {name: statistics.median(values[name]) for name in peers if name in values}
    rivals = {name: value for name, value in medians.items() if value > 0}
    ours = statistics.median(values.get(OURS, [math.nan]))
    if not rivals or math.isnan(ours):
        return "-", "nobody to compare with"
    best = (max if figure.more_is_better else min)(rivals, key=rivals.__getitem__)
    ratio = ours / rivals[best]
    return f"{ratio:.2f}", standing(figure, ratio if figure.more_is_better else 1 / ratio, best)


def standing(figure: Figure, advantage: float, best: str) -> str:
    """In words; an advantage above 1 is ours."""
    if advantage >= 1:
        return "leads" if figure.must_lead else ""
    if figure.must_lead:
        return f"**does not lead: {best} does**"
    return "" if advantage >= 1 - NEAR else f"**not within {NEAR:.0%} of {best}**"
