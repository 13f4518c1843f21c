"""What an embedding carries besides its vector."""

import numpy as np

from lookalike_server.pipeline.embed import likeliest
from lookalike_server.records import Scene


def test_a_probability_that_rounding_put_above_one_is_one() -> None:
    assert likeliest(["pier", "beach"], np.array([0.0, 1.0000001], np.float32)) == (
        Scene("beach", 1.0),
        Scene("pier", 0.0),
    )
