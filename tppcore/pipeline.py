"""Work that overlaps: what one step makes is made ahead, in a thread of its own, and waits in a
short queue for the next step."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

T = TypeVar("T")

THREAD = "tppcore-ahead"
"""The name of the threads that work ahead."""

_END = object()


def ahead(items: Iterable[T], most: int = 1) -> Generator[T, None, None]:
    """The same items in the same order, made in another thread while the last ones are used.

    At most `most` wait, besides the one that is being made. What making one raises is raised here
    in its place. Closing the generator, which leaving a loop over it with an error does not do by
    itself, ends the thread: use `contextlib.closing`.
    """
    waiting: queue.Queue[tuple[object, BaseException | None]] = queue.Queue(most)
    stop = threading.Event()

    def put(item: object, error: BaseException | None = None) -> bool:
        while not stop.is_set():
            try:
                waiting.put((item, error), timeout=0.1)
                return True
            except queue.Full:
                pass
        return False

    def work() -> None:
        made = iter(items)
        try:
            for item in made:
                if not put(item):
                    break
            put(_END)
        except BaseException as error:  # handed to the thread that waits for the item
            put(_END, error)
        finally:
            # A generator within, and what it has open, ends in the thread that ran it.
            if isinstance(made, Generator):
                made.close()

    thread = threading.Thread(target=work, name=THREAD, daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item  # type: ignore[misc]
            del item
    finally:
        stop.set()
        thread.join()
