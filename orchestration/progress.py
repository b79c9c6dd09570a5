"""How a run tells a person what it is doing: one logger, which the command line listens to."""

import logging

progress = logging.getLogger("scorehouse")


def tell(sentence: str) -> None:
    """Say what is happening now."""
    progress.info(sentence)
