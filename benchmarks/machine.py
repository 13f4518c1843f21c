"""What a table was measured on: without it a figure means nothing."""

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("lookalike", "onnxruntime", "numpy", "pillow", "hnswlib", "grpcio", "protobuf")


def describe() -> str:
    """Date, processor, cores and versions in one line each."""
    cores = len(os.sched_getaffinity(0))
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {processor()}, {cores} cores, "
        f"{platform.system()} {platform.machine()}\nPython {platform.python_version()}, {versions}"
    )


def processor() -> str:
    """The processor's name as the system tells it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
