"""Opening an encrypted home with the key that the environment gives, or beginning one."""

from collections.abc import Mapping
from pathlib import Path

from ingestion import Home, UnusableInput, encryption


def half_way(home: Home) -> Path:
    """Is there while a home is being encrypted (`orchestration.encrypting`)."""
    return home.records / "encrypting"


def unlock(home: Home, environment: Mapping[str, str]) -> None:
    """Open a home that is encrypted. A home that has nothing yet is encrypted from its beginning, if there is a key.

    Raises:
        UnusableInput: the key is missing, is none, or is not the home's; there is a key, and a home that is
            plain; or its encryption was stopped half-way.
    """
    if half_way(home).exists():
        raise UnusableInput(
            f"the encryption of {home.root} was stopped half-way: run `scorehouse encrypt` again to complete it"
        )
    if encryption.unlock(home.root, environment) is not None:
        return
    key = encryption.given_key(environment)
    if key is None:
        return
    if home.ledger.exists():
        raise UnusableInput(
            f"{home.root} is not encrypted, but a key is given: encrypt it with `scorehouse encrypt`, or give no key"
        )
    encryption.begin(home.root, key)
