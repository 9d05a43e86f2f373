"""SIGINT and SIGTERM while a run asks: the run is cancelled once, between two steps of its loop.

An exception raised by a signal in the middle of a step can leave tasks that nobody wakes. What the run does
after being cancelled is short (the last replies are committed), so further signals change nothing.
"""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine; raise KeyboardInterrupt when a signal stopped it, after it has cleaned up."""
    before = [signal.getsignal(number) for number in SIGNALS]
    stopped: list[int] = []

    async def stoppable() -> T:
        task = asyncio.ensure_future(work)

        def stop() -> None:
            if not stopped:
                task.cancel()
            stopped.append(1)

        with suppress(ValueError, RuntimeError, NotImplementedError):  # only the main thread hears signals
            for number in SIGNALS:
                asyncio.get_running_loop().add_signal_handler(number, stop)
        return await task

    try:
        return asyncio.run(stoppable())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        with suppress(ValueError):
            for number, handler in zip(SIGNALS, before, strict=True):
                signal.signal(number, handler)
