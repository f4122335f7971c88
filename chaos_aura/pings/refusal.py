"""The two ways in which an answer is no good. They live inside a ping: `wire.connected` turns both into PingFailed."""


class Garbled(Exception):
    """The bytes are not what the protocol allows."""


class Refused(Exception):
    """The server answered, with an error: its own words."""
