"""What the footer of a search and the doctor say of measured recall."""

import pytest

from lookalike.cli.doctor import GOOD, POOR, _index_line
from lookalike.cli.found import standing
from lookalike.types import SearchResult, Timings

TIMES = Timings(0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("exact", "recall", "said"),
    [
        (True, None, "m · exact: every image compared · generation 7"),
        (False, None, "m · approximate · generation 7"),
        (False, 0.9951, "m · approximate: recall 0.995 measured · generation 7"),
    ],
)
def test_the_footer_states_the_recall(exact: bool, recall: float | None, said: str) -> None:
    assert standing(SearchResult((), "m", 7, exact, TIMES, measured_recall=recall)) == said


@pytest.mark.parametrize(
    ("recall", "mark", "said"),
    [
        (None, POOR, "recall not measured yet; 200 candidates"),
        (0.9951, GOOD, "recall 0.995 measured, 0.99 wanted; 200 candidates"),
        (0.9, POOR, "recall 0.900 measured, 0.99 wanted; 200 candidates"),
    ],
)
def test_the_doctor_judges_each_index(recall: float | None, mark: tuple[str, str], said: str) -> None:
    index = {"collection": "c", "measured_recall": recall, "recall_target": 0.99, "effort": 200}
    assert _index_line(index) == (mark, "index of c", said)
