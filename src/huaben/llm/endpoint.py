"""Where requests go and with which key, checked before anything is sent. No message shows a secret."""

import os
import re
from urllib.parse import urlsplit

from huaben.errors import InputError
from huaben.params import LLM

VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
"""The name of an environment variable; a key put in its place does not look so, and is not repeated."""


def read_key(llm: LLM) -> str:
    """Return the API key from the variable that `api_key_env` names; nothing else may hold it."""
    if not VARIABLE.fullmatch(llm.api_key_env):
        raise InputError("llm.api_key_env: the name of an environment variable such as DEEPSEEK_API_KEY is expected")
    key = os.environ.get(llm.api_key_env, "")
    if not key or re.search(r"""[\s"'\\]""", key) or not key.isascii() or not key.isprintable():
        raise InputError(
            f"the environment variable {llm.api_key_env} must hold the API key: one line of ASCII, no blanks or quotes"
        )
    return key


def check_endpoint(base_url: str) -> None:
    """Refuse a base URL that would not work or would give the key away."""
    try:
        parts = urlsplit(base_url)
        has_host = bool(parts.hostname) and (parts.port or 1) > 0
        is_plain = base_url.isascii() and base_url.isprintable() and " " not in base_url
    except ValueError:
        is_plain = False
    if not is_plain:
        raise InputError("llm.base_url is no address; one such as https://host/v1 is expected")
    if parts.username is not None or parts.query or parts.fragment:
        raise InputError("llm.base_url holds a user name, `?` or `#`; give the key by its environment variable")
    if parts.scheme not in ("https", "http") or not has_host:
        raise InputError(f"llm.base_url {base_url!r}: an address such as https://host/v1 is expected")
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise InputError(f"llm.base_url {base_url!r}: http would send the key unprotected; use https")
    if parts.path.rstrip("/").endswith("/chat/completions"):
        raise InputError("llm.base_url: leave out /chat/completions; the client adds it")
