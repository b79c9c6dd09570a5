"""How a run tells a person what it is doing: one logger, which the command line listens to."""

import logging
from collections.abc import Callable

progress = logging.getLogger("scorehouse")


def tell(sentence: str) -> None:
    """Say what is happening now."""
    progress.info(sentence)


def counter(things: str, every: int) -> Callable[[str], None]:
    """A listener that tells how many sentences it has heard, every so many of them."""
    heard = 0

    def hear(_sentence: str) -> None:
        nonlocal heard
        heard += 1
        if heard % every == 0:
            tell(f"{heard} {things}")

    return hear
