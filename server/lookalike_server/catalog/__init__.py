"""What the server remembers: images, their vectors, and how the nearest are found.

`catalog.Catalog` is the door: everything enters and leaves there. Behind it:

    catalog --+--> store       the truth, one SQLite file (sqlite_store and what it uses)
              +--> shelf       one collection in memory: all vectors (matrix), a graph over most of them (hnsw)
              |      +--> snapshots    the graph on disk, so that a restart need not build it again
              +--> planner     which of the two answers a query
              +--> preferring  how what was found is ranked
              +--> indexer     the one thread that feeds the graphs

The store commits first, memory follows, and only then is a caller told. What is in memory or in snapshots can be
rebuilt from the store, always.
"""
