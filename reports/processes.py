"""Work that is shared out to as many processes as there are cores."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import TypeVar

from reports.errors import ReportError

PROCESSES = os.cpu_count() or 1
# Items of each process that may wait or be worked on: enough to go on while the next ones are made. They wait
# in memory, with all rows of their reports.
AHEAD = 8
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def each(
    work: Callable[[_Item], _Result],
    items: Iterable[_Item],
    start: Callable[..., None],
    *arguments: object,
) -> Iterator[_Result]:
    """Yield the result of each item, in their order; some items are taken before processes are free for them.

    start: called with the arguments in each process before it works. Raises what the work raises, and ReportError
    when the system has stopped a process.
    """
    waiting: deque[Future[_Result]] = deque()
    pool = ProcessPoolExecutor(
        PROCESSES,
        mp_context=get_context("spawn"),
        initializer=_begin,
        initargs=(start, arguments),
    )
    with pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                # Items and results that wait take memory; without any, processes wait for what makes items.
                if len(waiting) > AHEAD * PROCESSES:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise ReportError(
                "a process that worked on reports was stopped, most likely because memory ran out: run again, with"
                " fewer programs beside it"
            ) from error
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _begin(start: Callable[..., None], arguments: tuple[object, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    start(*arguments)


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for work for ever."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
