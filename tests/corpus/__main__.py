"""`python -m tests.corpus > docs/damaged.md`: sends the corpus to a real server and writes what became of it."""

from tests.corpus import inside
from tests.corpus.run import run, specimens
from tests.corpus.table import page

if __name__ == "__main__":
    print(page(specimens(), run()[0], inside.outcomes()), end="")
