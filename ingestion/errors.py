"""What ends a command with one line for its user."""


class UnusableInput(Exception):  # noqa: N818 - read by users, not only by developers
    """What was given cannot be used; the message says why and the way out."""
