"""Garbage collection as a long-lived process with a large, constant heap wants it."""

import gc


def collect_rarely() -> None:
    """Have the collector leave alone what lives as long as the process, and look less often at the rest.

    Its default, a look after every 700 new objects, walks the whole of SQLAlchemy and telegram again and again:
    sending a broadcast took nearly twice the time (docs/benchmarks.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
