"""The server's own counters, read from its metrics port."""

import re
import socket
import urllib.request
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

LINE = re.compile(r"^(\w+(?:\{.*\})?) (\S+)$", re.MULTILINE)
DROPPED = re.compile(r'lookalike_dropped_total\{(?:.*,)?reason="(\w+)"')
ROWS = "lookalike_batch_rows_sum"


def scrape(address: str) -> dict[str, float]:
    """Every series by its name and labels."""
    with urllib.request.urlopen(f"http://{address}/metrics") as answer:
        return {name: float(value) for name, value in LINE.findall(answer.read().decode())}


def rows(series: Mapping[str, float]) -> int:
    """Pictures that went through the network."""
    return int(sum(value for name, value in series.items() if name.partition("{")[0] == ROWS))


def drops(series: Mapping[str, float]) -> dict[str, int]:
    """Pictures that were dropped before compute, by reason, in all lanes."""
    counts: Counter[str] = Counter()
    for name, value in series.items():
        if found := DROPPED.match(name):
            counts[found[1]] += int(value)
    return dict(counts)


def free_address() -> str:
    """A loopback address whose port was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def memory(pid: int) -> tuple[float, float]:
    """A process's memory now, and its peak, in MiB."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    now, peak = (int(status[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return now, peak
