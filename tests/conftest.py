"""For all tests."""

from hypothesis import settings

# A slow machine is no failure: speed is shown by benchmarks.
settings.register_profile("lookalike", deadline=None)
settings.load_profile("lookalike")
