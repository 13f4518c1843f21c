"""What a batch costs: seconds = a * rows + b, fitted while the server runs."""

DECAY = 0.98
"""Weight of the past at each new measurement: the last fifty batches decide."""


class CostModel:
    """Least squares over recent batches, with the past fading out.

    Before the first measurement it answers with `guess` seconds a row. One thread learns; any may ask.
    """

    def __init__(self, guess: float = 0.01) -> None:
        self._weight = self._rows = self._seconds = self._rows_rows = self._rows_seconds = 0.0
        self._line = (guess, 0.0)

    def learn(self, rows: int, seconds: float) -> None:
        """Take in one measured batch."""
        self._weight = self._weight * DECAY + 1
        self._rows = self._rows * DECAY + rows
        self._seconds = self._seconds * DECAY + seconds
        self._rows_rows = self._rows_rows * DECAY + rows * rows
        self._rows_seconds = self._rows_seconds * DECAY + rows * seconds
        self._line = self._fitted()

    def line(self) -> tuple[float, float]:
        """Seconds a row and seconds a batch, both >= 0."""
        return self._line

    def _fitted(self) -> tuple[float, float]:
        mean_rows, mean_seconds = self._rows / self._weight, self._seconds / self._weight
        variance = self._rows_rows / self._weight - mean_rows**2
        if variance < 0.25:  # batches all alike tell nothing of the constant part
            return mean_seconds / mean_rows, 0.0
        slope = (self._rows_seconds / self._weight - mean_rows * mean_seconds) / variance
        slope = min(max(slope, 0.0), mean_seconds / mean_rows)
        return slope, mean_seconds - slope * mean_rows

    def seconds(self, rows: int) -> float:
        """Predicted time of one batch of `rows`."""
        a, b = self.line()
        return a * rows + b if rows else 0.0

    def rows_within(self, seconds: float) -> int:
        """Rows of the largest batch that takes at most `seconds`; at least 1."""
        a, b = self.line()
        return max(1, int((seconds - b) / a)) if a > 0 else 1_000_000
