import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lookalike_server.catalog.components import Components

COUNT = 12
LINKS = st.lists(st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)), max_size=20)


def joined(parts: Components, links: list[tuple[int, int]]) -> None:
    pairs = np.array(links, np.intp).reshape(-1, 2)
    parts.join(pairs[:, 0], pairs[:, 1])


def connected(links: list[tuple[int, int]]) -> list[list[int]]:
    """The parts of two and more, found by walking."""
    parts = [{number} for number in range(COUNT)]
    for one, other in links:
        here, there = (next(part for part in parts if number in part) for number in (one, other))
        if here is not there:
            parts.remove(there)
            here |= there
    return sorted((sorted(part) for part in parts if len(part) > 1), key=lambda part: (-len(part), part[0]))


@given(first=LINKS, second=LINKS)
def test_what_links_connect_is_one_group_the_largest_first(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    parts = Components(COUNT)
    joined(parts, first)
    joined(parts, second)
    assert [group.tolist() for group in parts.groups()] == connected(first + second)


def test_a_chain_of_any_length_is_one_group() -> None:
    parts = Components(10_000)
    ends = np.random.default_rng(0).permutation(10_000)
    parts.join(ends[:-1], ends[1:])
    (group,) = parts.groups()
    assert group.tolist() == list(range(10_000))
    assert set(parts.of(np.arange(10_000)).tolist()) == {0}


def test_nothing_has_no_groups() -> None:
    assert list(Components(0).groups()) == []
