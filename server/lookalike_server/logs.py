"""One line an event, as text for people or JSON for machines; what belongs to the event travels in `extra`."""

import json
import logging
import sys
import time
from typing import Any

STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {"message", "asctime", "taskName"}


def setup(style: str) -> None:
    """Send the product's log to standard error in the style `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    root = logging.getLogger("lookalike")
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    root.propagate = False


def extras(record: logging.LogRecord) -> dict[str, Any]:
    """What the caller gave as `extra`."""
    return {key: value for key, value in vars(record).items() if key not in STANDARD}


def timestamp(record: logging.LogRecord) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


class TextFormatter(logging.Formatter):
    """`time level message key=value ...`, and the traceback below when there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        pairs = " ".join(f"{key}={value}" for key, value in extras(record).items())
        # A line break in a client's words must not look like a line of our own.
        line = f"{timestamp(record)} {record.levelname:<7} {record.getMessage()} {pairs}".rstrip()
        line = line.replace("\n", "\\n").replace("\r", "\\r")
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        entry = {"time": timestamp(record), "level": record.levelname, "message": record.getMessage()}
        entry |= extras(record)
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)
