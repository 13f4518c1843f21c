"""`lookalike demo`: a server, real photographs, altered copies of them, and whether each finds its own original."""

from lookalike.cli import EXTRAS, install

INSTALL = install(EXTRAS["demo"])
