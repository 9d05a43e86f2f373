"""The asking engine beside its peers: requests per second, and processor time of the client per request.

    python bench/asking.py [--quick] [--only 500-256 10000-1000] [--clients ours openai]

The peers are AsyncOpenAI (as usually used, with its connection limits lifted, and over aiohttp), bespokelabs-curator
and distilabel, each in an environment of its own under `bench/.venvs/`, made on first use. All ask one latency
server (`bench/peers/latency_server.py`), each in a process of its own, one after the other, after a warm-up.

The rate is read off the server, in the same way for everybody: with C requests in flight, the replies between
number C and number N - C, so that neither the start nor the emptying of the window counts. The ideal is C / mean
latency; a client that cost nothing would get 98 to 100 % of it in this way (simulated). Processor time (user and
system, children included) covers the whole run, all that a client does to ask N requests and to keep the replies.
Read ratios, and only of a quiet machine: `load` in the line of JSON at the end says how busy it was at the start.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

from rich.console import Console
from rich.table import Table

from peers.running import BENCH, CLIENTS, python_of, run_client

HEADINGS = ("requests/s", "of ideal", "ours is", "CPU ms/request", "of ours", "in flight", "MB")


@dataclass(frozen=True)
class Setting:
    """A mean latency, how many requests are in flight, and how many times over that window is filled."""

    mean_ms: int
    in_flight: int
    windows: int

    @property
    def name(self) -> str:
        """Return the name that `--only` takes."""
        return f"{self.mean_ms}-{self.in_flight}"

    @property
    def requests(self) -> int:
        """Return the number of requests."""
        return self.windows * self.in_flight

    @property
    def ideal(self) -> float:
        """Return the requests per second of a client that costs nothing."""
        return self.in_flight / self.mean_ms * 1000


SETTINGS = [Setting(500, 256, 20), Setting(500, 1024, 10), Setting(10_000, 1000, 5), Setting(10_000, 2000, 5)]
QUICK = [Setting(200, 32, 10)]


@contextmanager
def latency_server(mean_ms: int) -> Iterator[str]:
    """Run the server; give its address."""
    command = [python_of("server"), BENCH / "peers" / "latency_server.py", "--mean-ms", str(mean_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def steady_rate(times: list[float], window: int) -> float:
    """Return replies per second between the first full window and the last."""
    steady = sorted(times)[window - 1 : len(times) - window]
    return (len(steady) - 1) / (steady[-1] - steady[0])


def measured(client: str, setting: Setting, server: str) -> dict[str, Any]:
    """Run one client against the server; return its figures."""
    figures = run_client(client, f"{server}/v1", setting.in_flight, setting.requests)
    if "fault" in figures:
        return figures
    counted = json.load(urlopen(f"{server}/counted"))
    rate = steady_rate(counted["times"], setting.in_flight)
    return {
        "rps": round(rate, 1),
        "of_ideal": round(rate / setting.ideal, 3),
        "cpu_ms": round(figures["cpu_s"] / setting.requests * 1000, 3),
        "wall_s": round(figures["wall_s"], 1),
        "memory_mb": figures["memory_mb"],
        "most_in_flight": counted["most_in_flight"],
    }


def compare(setting: Setting, clients: list[str]) -> dict[str, Any]:
    """Measure every client in one setting, each against a fresh server."""
    figures = {}
    for client in clients:
        with latency_server(setting.mean_ms) as server:
            figures[client] = measured(client, setting, server)
        print(f"{setting.name} {client}: {figures[client]}", file=sys.stderr)
    return figures


def show(setting: Setting, figures: dict[str, Any]) -> None:
    """Print the table of one setting."""
    title = f"mean {setting.mean_ms} ms, {setting.in_flight} in flight, {setting.requests} requests"
    table = Table("client", title=f"{title}; ideal {setting.ideal:.0f} a second")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for client, figure in figures.items():
        table.add_row(client, *_cells(figure, figures.get("ours", {})))
    Console(width=110).print(table)


def _cells(figure: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    if "fault" in figure:
        return [figure["fault"]]
    ratios = ["", ""]
    if "rps" in ours:
        ratios = [f"{ours['rps'] / figure['rps']:.2f} x", f"{figure['cpu_ms'] / ours['cpu_ms']:.2f} x"]
    rate = [f"{figure['rps']:.0f}", f"{figure['of_ideal']:.1%}", ratios[0]]
    return [*rate, f"{figure['cpu_ms']:.2f}", ratios[1], str(figure["most_in_flight"]), str(figure["memory_mb"])]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a smoke run: 32 in flight at 200 ms")
    parser.add_argument("--only", nargs="+", choices=[s.name for s in SETTINGS], help="these settings")
    parser.add_argument("--clients", nargs="+", choices=list(CLIENTS), default=list(CLIENTS), help="these clients")
    chosen = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for peer in ("server", *(CLIENTS[client][0] for client in chosen.clients)):
        python_of(peer)
    results: dict[str, Any] = {}
    for setting in QUICK if chosen.quick else [s for s in SETTINGS if s.name in (chosen.only or [s.name])]:
        load, figures = os.getloadavg()[0], compare(setting, chosen.clients)
        show(setting, figures)
        results[setting.name] = {"ideal_rps": setting.ideal, "load": round(load, 1), "clients": figures}
    print(json.dumps(results))


if __name__ == "__main__":
    main()
