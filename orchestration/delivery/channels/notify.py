"""Text messages and chat through Apprise, which knows the services of many providers."""

from urllib.parse import quote

from orchestration.delivery.channels import Outcome
from orchestration.delivery.composing import Outgoing

PLACE = "{to}"


class NotifyChannel:
    """One service. Its address may hold `{to}`, where the recipient's own address goes."""

    def __init__(self, url: str) -> None:
        """Nothing is opened yet."""
        self._url = url

    def send(self, message: Outgoing, key: str) -> Outcome:
        """Notify once. Apprise says yes or no, not why: after a no, the message may have arrived all the same."""
        # Some two hundred services are looked up at import: only who sends that way pays for it.
        import apprise

        asset = apprise.AppriseAsset(
            app_id="Scorehouse", storage_mode=apprise.PersistentStoreMode.MEMORY
        )
        service = apprise.Apprise(asset=asset)
        if not service.add(self._url.replace(PLACE, quote(message.address, safe=""))):
            # What is wrong with it is in the address, and so not said.
            return Outcome("refused", "the service's address and the recipient's make no address")
        done = service.notify(
            title=message.subject if PLACE not in self._url else "",
            body=message.text,
            body_format=apprise.NotifyFormat.TEXT,
        )
        return Outcome("accepted") if done else Outcome("unknown", "the service did not take it")

    def close(self) -> None:
        """Nothing stays open."""
