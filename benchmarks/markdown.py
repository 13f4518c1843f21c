"""Tables as the documents show them."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, each row as soon as it is there; floats get three figures."""
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}", flush=True)
    for row in rows:
        print(f"| {' | '.join(figure(cell) for cell in row)} |", flush=True)
    print(flush=True)


def figure(cell: object) -> str:
    """A number with as many digits as mean something; words as they are."""
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.2f}"


def verdict(good: bool) -> str:
    """Whether a demand is met."""
    return "yes" if good else "**no**"
