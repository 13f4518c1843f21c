"""What an image's row keeps of the place where it was taken: both columns, or neither."""

from lookalike_server.records import Location


def columns(location: Location | None) -> tuple[float | None, float | None]:
    """Values of the columns `latitude` and `longitude`."""
    return (None, None) if location is None else (location.latitude, location.longitude)


def told(latitude: float | None, longitude: float | None) -> Location | None:
    """The place that `columns` wrote."""
    return None if latitude is None or longitude is None else Location(latitude, longitude)
