"""What keeps a collection from being mapped."""


class Unmappable(Exception):
    """No map can be made; the message says why, and what to do."""
