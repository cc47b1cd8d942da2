"""What the sinks raise."""


class SinkUnavailableError(Exception):
    """The service gave no answer, or not the right one. What was sent may have come through: send the same again."""
