"""The clients of `bench/asking.py`, and how one is run; where the peers of every benchmark are installed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

BENCH = Path(__file__).parents[1]
PINNED = {
    "server": ["uvloop==0.23.0"],
    "openai": ["openai[aiohttp]==3.54.0"],
    "curator": ["bespokelabs-curator==0.1.31"],
    # imports requests without requiring it
    "distilabel": ["distilabel[openai]==1.5.3", "requests==2.34.2"],
    # of bench/duplicates.py
    "rensa": ["rensa==0.5.0", "numpy==2.4.6", "pyarrow==25.0.0"],
    "daft": ["daft==0.7.26", "pyarrow==25.0.0", "rapidfuzz==3.14.6", "scipy==1.17.1"],
    "datasketch": ["datasketch==2.0.0", "pyarrow==25.0.0", "scipy==1.17.1"],
    "text_dedup": ["text-dedup==0.4.0"],
    "datatrove": ["datatrove[io,processing]==0.10.1"],
    # its Chinese tokenizer needs spaCy, its quality filters the rest
    "gopher": [
        "datatrove==0.10.1",
        "fasteners==0.20",
        "ftfy==6.3.1",
        "jieba==0.42.1",
        "nltk==3.10.4",
        "regex==2026.11.15",
        "spacy==3.8.18",
        "tldextract==5.4.0",
    ],
}
"""What is installed into each environment."""
CLIENTS = {
    "ours": ("", "ours.py"),
    "openai": ("openai", "openai_client.py", "default"),
    "openai-lifted": ("openai", "openai_client.py", "lifted"),
    "openai-aiohttp": ("openai", "openai_client.py", "aiohttp"),
    "curator": ("curator", "curator_client.py"),
    "distilabel": ("distilabel", "distilabel_client.py"),
}
"""Environment (empty: the project's own), script and last argument of each client."""
LIMIT_S = 300.0
"""How long a client may take before it counts as not finished."""


def python_of(peer: str) -> Path:
    """Return the interpreter of a peer's environment, made if it is not there or holds something else."""
    if not peer:
        return Path(sys.executable)
    folder, pinned = BENCH / ".venvs" / peer, "\n".join(PINNED[peer])
    done, python = folder / "pinned.txt", folder / "bin" / "python"
    if not done.exists() or done.read_text(encoding="utf-8") != pinned:
        print(f"making bench/.venvs/{peer}: {', '.join(PINNED[peer])}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PINNED[peer]], check=True, stdout=sys.stderr)
        done.write_text(pinned, encoding="utf-8")
    return python


def run_client(client: str, base_url: str, in_flight: int, requests: int) -> dict[str, Any]:
    """Run a client in a process of its own; return its figures, or `fault`: why there are none."""
    peer, script, *way = CLIENTS[client]
    command = [python_of(peer), BENCH / "peers" / script, base_url, str(in_flight), str(requests), *way]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, start_new_session=True, stdout=pipe, stderr=pipe) as process:
        try:
            said, complaint = process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return {"fault": f"not finished in {LIMIT_S:.0f} s"}
    if process.returncode:
        print(complaint[-2000:], file=sys.stderr)
        return {"fault": f"exit code {process.returncode}"}
    figures = json.loads(said.strip().splitlines()[-1])
    is_whole = figures["answered"] == requests
    return figures if is_whole else {"fault": f"answered {figures['answered']} of {requests}"}
