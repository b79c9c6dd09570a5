"""Vectorised conversion between UTC and the local time of one zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from ingestion.simulation.schema import Ints

HOUR_S = 3600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """Offsets of one time zone over one period, looked up by the hour.

    The simulated zones all change their offset on a full hour of UTC.
    """

    def __init__(self, zone: str, first_s: int, stop_s: int) -> None:
        """Cover the epoch seconds from `first_s` to `stop_s`; outside, the nearest hour holds."""
        info = ZoneInfo(zone)
        self._first_hour = first_s // HOUR_S
        hours = range(self._first_hour, stop_s // HOUR_S + 1)
        self._offsets: Ints = np.array([_offset(info, hour) for hour in hours], dtype=np.int64)

    def offset(self, utc_s: Ints) -> Ints:
        """Seconds east of UTC at each epoch second."""
        hours = utc_s // HOUR_S - self._first_hour
        return self._offsets[np.clip(hours, 0, len(self._offsets) - 1)]

    def to_utc(self, local_s: Ints) -> Ints:
        """Epoch seconds of local wall-clock seconds (a skipped hour counts as the one after)."""
        guess = local_s - self.offset(local_s)
        return local_s - self.offset(guess)


def _offset(info: ZoneInfo, hour: int) -> int:
    local = (_EPOCH + timedelta(hours=hour)).astimezone(info)
    return round((local.replace(tzinfo=UTC) - _EPOCH).total_seconds()) - hour * HOUR_S
