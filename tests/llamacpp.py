"""A llama.cpp server in a process of its own; `python llamacpp.py MODEL` prints its address.

It serves one request at a time with one thread (spinning threads starve each other on a small machine),
accepts the key in LLAMACPP_KEY alone, and ends when its standard input does.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONTEXT = 16384


@contextmanager
def serving(model: Path, key: str, log: Path) -> Iterator[str]:
    """Yield the base URL of a server that holds the model; its own messages go to `log`."""
    command = [sys.executable, __file__, str(model)]
    environment = {**os.environ, "LLAMACPP_KEY": key}
    with (
        log.open("w") as messages,
        subprocess.Popen(command, stdin=-1, stdout=-1, stderr=messages, text=True, env=environment) as process,
    ):
        address = process.stdout.readline().strip()
        assert address, log.read_text(errors="replace")[-2000:]
        try:
            yield f"{address}/v1"
        finally:
            process.stdin.close()


def main(model: str) -> None:
    """Serve the model until standard input ends."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx, params.n_parallel, params.port = CONTEXT, 1, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.api_keys = [os.environ["LLAMACPP_KEY"]]
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
