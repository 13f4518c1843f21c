from lookalike_server.records import Box, Filter


def test_what_a_filter_admits_can_be_kept_under_its_name() -> None:
    def made(value: str) -> Filter:
        inner = Filter(labels={"k": value}, box=Box(0, 0, 1, 1), paths=frozenset(["/a"]))
        return Filter(labels={"k": value}, any_of=(inner, Filter(none_of=(inner,))))

    kept = {made("x"): 1, Filter(): 2}
    assert (kept.get(made("x")), kept.get(made("y")), kept.get(Filter())) == (1, None, 2)
