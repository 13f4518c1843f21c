"""`lookalike demo`: a server, real photographs, altered copies of them, and whether each finds its own original."""

INSTALL = 'pip install "lookalike[demo]"'
