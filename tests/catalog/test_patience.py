from lookalike_server.catalog.patience import Patience


def rests(patience: Patience) -> int:
    """Searches that go another way until the next try."""
    count = 0
    while patience.rests():
        count += 1
    return count


def test_nothing_rests_before_it_failed() -> None:
    assert not Patience().rests()


def test_it_rests_the_longer_the_more_often_it_fails() -> None:
    patience, pauses = Patience(), []
    for _ in range(8):
        patience.failed(0.1)
        pauses.append(rests(patience))
    assert pauses == [2, 4, 8, 16, 32, 64, 64, 64]
    assert patience.near == 0.1


def test_what_works_again_starts_anew() -> None:
    patience = Patience()
    patience.failed(0.1)
    patience.failed(0.1)
    rests(patience)
    patience.worked()
    patience.failed(0.1)
    assert rests(patience) == 2
