"""Serve the browse page on this machine alone, and keep the reviews that it sends.

The socket is bound to the loopback interface. Every address begins with a token drawn for this run, so
that other users of the machine get nothing; a request whose `Host` is not this server's own is refused
(a foreign name that resolves to 127.0.0.1 would else be an origin that reads the page), and so is a review
that does not come from this server's own page.
"""

import asyncio
import json
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huaben.errors import HuabenError, InputError
from huaben.refine.reviews import Key, forget_review, parse_review, save_review

if TYPE_CHECKING:
    from aiohttp import web

LARGEST = 64 * 1024
"""Bytes of a review's request; the longest note takes 8,000."""
HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",  # the rest of the policy stands in the page itself
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def listen(port: int) -> socket.socket:
    """Bind a socket to the loopback interface; 0 takes any free port. A port in use is an InputError."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise InputError(
            f"port {port} of 127.0.0.1: {os.strerror(error.errno or 0)}; name another with --port"
        ) from error


def make_token() -> str:
    """Draw the secret part of the page's address."""
    return secrets.token_urlsafe(16)


def serve(listener: socket.socket, token: str, page: Callable[[], str], reviews: Path) -> None:
    """Serve until interrupted. `page` is rendered anew for every visit, so that a reload shows the last run."""
    from aiohttp import web

    port = listener.getsockname()[1]
    app = make_app(port, token, page, reviews)
    web.run_app(app, sock=listener, print=None, access_log=None, shutdown_timeout=1.0)


def make_app(port: int, token: str, page: Callable[[], str], reviews: Path) -> "web.Application":
    """Return the server: the page at `/<token>/`, and a place beside it that takes one review at a time."""
    from aiohttp import web

    app = web.Application(middlewares=[_guard(port)], client_max_size=LARGEST)
    app.router.add_get(f"/{token}/", _page(page))
    app.router.add_post(f"/{token}/reviews", _keep(reviews))
    return app


def _guard(port: int) -> Any:
    from aiohttp import web

    hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.headers.getall("Host", []) not in [[host] for host in hosts]:
            return web.Response(status=403, text="this server answers to 127.0.0.1 only", headers=HEADERS)
        if request.method == "POST" and request.headers.get("Origin") != f"http://{request.headers['Host']}":
            return web.Response(status=403, text="reviews come from the page itself", headers=HEADERS)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            error.headers.update(HEADERS)
            raise
        except HuabenError as error:
            return web.Response(status=400 if request.method == "POST" else 500, text=str(error), headers=HEADERS)
        response.headers.update(HEADERS)
        return response

    return guard


def _page(page: Callable[[], str]) -> Any:
    from aiohttp import web

    async def show(request: web.Request) -> web.Response:
        return web.Response(text=await asyncio.to_thread(page), content_type="text/html")

    return show


def _keep(reviews: Path) -> Any:
    from aiohttp import web

    one_at_a_time = asyncio.Lock()

    async def keep(request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="a review is JSON")
        change = _parsed(await request.text())
        async with one_at_a_time:
            await asyncio.to_thread(change, reviews)
        return web.Response(status=204)

    return keep


def _parsed(body: str) -> Callable[[Path], None]:
    """Return what a request does to the file: a review is saved, one whose verdict is null is taken out."""
    try:
        row = json.loads(body)
        json.dumps(row, ensure_ascii=False).encode()  # half of a surrogate pair cannot be written
    except (ValueError, RecursionError) as error:
        raise InputError(f"the review: not JSON: {error}") from error
    if isinstance(row, dict) and row.get("verdict", "") is None:
        key: Key = parse_review({**row, "verdict": "good"}, "the review").key
        return lambda path: forget_review(path, key)
    review = parse_review(row, "the review")
    return lambda path: save_review(path, review)
