"""A backbone as a stranger's package brings it, small and with weights to begin with."""

from pathlib import Path

import numpy as np

from lookalike_server.models.backbones import TINY, Backbone
from lookalike_server.models.network import Weights

METADATA = "Metadata-Version: 2.1\nName: pretrained\nVersion: 1.0\n"
ENTRY_POINTS = "[lookalike.backbones]\npretrained = tests.training.pretrained:BACKBONE\n"


def weights() -> Weights:
    """Random kernels, and statistics that no batch would give."""
    random, arrays, before = np.random.default_rng(5), {}, 3
    for index, filters in enumerate((16, 32, 64, 64)):
        scale = np.float32(np.sqrt(2 / (9 * before)))
        arrays[f"block{index}/kernel"] = scale * random.standard_normal((3, 3, before, filters), np.float32)
        for name, value in (("gamma", 1.1), ("beta", 0.1), ("moving_mean", 0.05), ("moving_variance", 0.6)):
            arrays[f"block{index}_bn/{name}"] = np.full(filters, value, np.float32)
        before = filters
    return arrays


BACKBONE = Backbone(TINY.features, weights)


def install(folder: Path) -> None:
    """Write the distribution's metadata, as pip would, into a folder on sys.path."""
    info = folder / "pretrained-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
