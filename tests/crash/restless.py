"""The server's own command line, with a catalog that uses its graph at once, and saves and rebuilds it all the time.

In production a snapshot is written after thousands of changes or half a minute; a kill would seldom meet one.
"""

import functools
import sys

from lookalike_server import __main__, app, commands
from lookalike_server.catalog.catalog import Catalog

SMALL = 8
SAVE_EVERY = 40
REWRITE_AFTER = 0.05

if __name__ == "__main__":
    restless = functools.partial(Catalog, small=SMALL, save_every=SAVE_EVERY, rewrite_after=REWRITE_AFTER)
    for module in (app, commands):  # where `serve` and `verify` open theirs
        module.Catalog = restless  # type: ignore[attr-defined]
    sys.exit(__main__.main())
