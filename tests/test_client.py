"""One request and its raw answer, against a real endpoint on the loopback interface."""

import asyncio
import gzip
import json
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from huaben.errors import InputError
from huaben.llm.client import MAX_BODY, ChatClient, Lost
from huaben.llm.endpoint import check_endpoint, read_key
from questions import request, with_llm


def send(params, count=1):
    """Send so many requests, one after the other; return the last answer."""

    async def all_of_them():
        client = ChatClient(params.llm, read_key(params.llm))
        try:
            for _ in range(count):
                answer = await client.send(request(params.llm))
        finally:
            await client.close()
        return answer

    return asyncio.run(all_of_them())


@contextmanager
def free_port():
    """Give a port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield free.getsockname()[1]


# the address and the key


@pytest.mark.parametrize(
    "url",
    [
        "https://api.deepseek.com",
        "https://host/v1/",
        "http://localhost:8000/v1",
        "http://127.0.0.1/v1",
        "http://[::1]:1/v1",
    ],
)
def test_a_good_address_is_taken(url):
    check_endpoint(url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "an address such as"),
        ("api.deepseek.com/v1", "an address such as"),
        ("ftp://host/v1", "an address such as"),
        ("https://", "an address such as"),
        ("https://[::1/v1", "no address"),
        ("https://host:99999/v1", "no address"),
        ("http://host/v1", "use https"),
        ("http://127.0.0.1.evil.example/v1", "use https"),
        ("https://host/v1/chat/completions", "leave out"),
        ("https://host/v1/chat/completions/", "leave out"),
        ("https://host/v1\n", "no address"),
        ("https://ho st/v1", "no address"),
        ("https://ho\tst/v1", "no address"),
        ("https://主机/v1", "no address"),
        ("https://host/v1?key=hunter2", "environment variable"),
        ("https://host/v1#hunter2", "environment variable"),
        ("https://user:hunter2@host/v1", "environment variable"),
        ("http://user:hunter2@host/v1", "environment variable"),
        ("ftp://hunter2@host/v1", "environment variable"),
    ],
)
def test_a_bad_address_is_refused_before_anything_is_sent_and_its_secret_kept(url, message):
    with pytest.raises(InputError, match=message) as caught:
        check_endpoint(url)
    assert "hunter2" not in str(caught.value)


BAD_KEYS = [None, "", " ", "sk-1\n", "sk-1\nX: y", "sk 1", "sk-\t1", "sk-钥匙", "sk-\x7f1", '"sk-1"', "'sk-1'"]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(make_params, monkeypatch, key):
    monkeypatch.delenv("HUABEN_TEST_KEY", raising=False)
    if key is not None:
        monkeypatch.setenv("HUABEN_TEST_KEY", key)
    with pytest.raises(InputError, match="HUABEN_TEST_KEY must hold the API key") as caught:
        read_key(make_params().llm)
    assert "sk-" not in str(caught.value)


def test_a_key_in_the_place_of_its_variables_name_is_not_shown(make_params, canary):
    with pytest.raises(InputError, match="name of an environment variable") as caught:
        read_key(make_params(llm={"api_key_env": canary}).llm)
    assert canary not in str(caught.value)


# what is sent


def test_a_request_is_sent_as_it_was_rendered(live_params, endpoint, canary):
    answer = send(live_params)
    assert endpoint.requests == [json.loads(request(live_params.llm).body)]
    headers = {name.lower(): value for name, value in endpoint.headers[0].items()}
    assert endpoint.paths == ["/v1/chat/completions"]
    assert headers["authorization"] == f"Bearer {canary}"
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == str(len(request(live_params.llm).body))
    assert (answer.status, json.loads(answer.content)) == (200, endpoint.completion("好。"))


@pytest.mark.parametrize("status", [200, 204, 400, 401, 404, 408, 429, 500, 503])
def test_an_answer_comes_back_as_it_is_and_nothing_is_sent_twice(live_params, endpoint, status):
    body = b"" if status == 204 else b"said"
    endpoint.default = endpoint.Http(status, body, {"Retry-After": "0", "x-should-retry": "true"})
    answer = send(live_params)
    assert (answer.status, answer.content) == (status, body)
    assert answer.headers.get("retry-after") == "0"
    assert len(endpoint.requests) == 1


def test_a_compressed_body_is_read(live_params, endpoint):
    endpoint.will(endpoint.Http(body=gzip.compress(b"three"), headers={"content-encoding": "gzip"}))
    assert send(live_params).content == b"three"


def test_a_redirect_is_not_followed(live_params, endpoint):
    elsewhere = type(endpoint)()
    endpoint.default = endpoint.Http(307, headers={"location": f"{elsewhere.url}/chat/completions"})
    answer = send(live_params)
    elsewhere.close()
    assert (answer.status, len(endpoint.requests), elsewhere.requests) == (307, 1, [])


def test_the_address_may_end_in_a_slash(live_params, endpoint):
    send(with_llm(live_params, base_url=endpoint.url + "/"))
    assert endpoint.paths == ["/v1/chat/completions"]


# what does not arrive


@pytest.mark.parametrize(
    ("answer", "timeout_s", "reason"),
    [
        ({"drop": True}, 10.0, "connection"),
        ({"body": b"{}", "cut": True}, 10.0, "connection"),
        ({"body": b"not gzip", "headers": {"content-encoding": "gzip"}}, 10.0, "connection"),
        ({"body": b"{}", "delay_s": 0.4}, 0.15, "timeout"),
        ({"body": b"{}", "blanks": 40}, 0.15, "timeout"),
        ({"body": b" " * (MAX_BODY + 1)}, 10.0, "too_large"),
        ({"status": 500, "body": b" " * (MAX_BODY + 1)}, 10.0, "too_large"),
    ],
    ids=["dropped", "cut", "gzip", "silence", "keep-alive", "too large", "too large a refusal"],
)
def test_an_answer_that_does_not_arrive_has_a_reason_and_is_perhaps_paid(
    live_params, endpoint, answer, timeout_s, reason
):
    endpoint.default = endpoint.Http(**answer)
    with pytest.raises(Lost) as caught:
        send(with_llm(live_params, timeout_s=timeout_s))
    assert (caught.value.reason, caught.value.may_be_paid) == (reason, True)
    assert len(endpoint.requests) == 1


def test_a_connection_that_went_stale_is_no_second_request(live_params, endpoint):
    """The server closes after every answer; the client must see that before it sends."""
    send(live_params, 5)
    assert len(endpoint.requests) == 5


def test_blank_lines_do_not_stretch_the_deadline(live_params, endpoint):
    endpoint.default = endpoint.Http(body=b"{}", blanks=200)
    began = time.monotonic()
    with pytest.raises(Lost, match=r"no whole answer within 0\.3 s"):
        send(with_llm(live_params, timeout_s=0.3))
    assert time.monotonic() - began < 5


def test_a_clock_that_jumps_does_not_move_the_deadline(live_params, endpoint, monkeypatch):
    wall = iter(range(0, 10**9, 10**5))
    endpoint.default = endpoint.Http(body=b"{}", delay_s=0.1)
    monkeypatch.setattr(time, "time", lambda: float(next(wall)))
    assert send(with_llm(live_params, timeout_s=5.0)).status == 200


@pytest.mark.parametrize(
    "where", ["http://127.0.0.1:{port}/v1", "https://127.0.0.1:{port}/v1", "https://no.invalid/v1"]
)
def test_nobody_at_the_address_costs_nothing(live_params, where):
    with free_port() as port, pytest.raises(Lost) as caught:
        send(with_llm(live_params, base_url=where.format(port=port)))
    assert (caught.value.reason, caught.value.may_be_paid) == ("unreachable", False)


def test_a_server_without_tls_gets_no_request(live_params, endpoint):
    with pytest.raises(Lost) as caught:
        send(with_llm(live_params, base_url=endpoint.url.replace("http:", "https:")))
    assert (caught.value.reason, caught.value.may_be_paid) == ("unreachable", False)
    assert endpoint.requests == []


# proxies


@pytest.fixture
def proxy(endpoint, monkeypatch):
    """Name a server as the proxy for everything; return it."""
    server = type(endpoint)()
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, server.url.removesuffix("/v1"))
        monkeypatch.setenv(name.upper(), server.url.removesuffix("/v1"))
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.delenv("no_proxy")
    yield server
    server.close()


def test_a_proxy_does_not_read_the_key_of_a_server_on_this_machine(live_params, endpoint, proxy):
    assert send(live_params).status == 200
    assert (len(endpoint.requests), proxy.requests) == (1, [])


def test_a_proxy_that_makes_no_connection_gets_no_request(live_params, proxy):
    with pytest.raises(Lost) as caught:
        send(with_llm(live_params, base_url="https://no.invalid/v1"))
    assert (caught.value.reason, caught.value.may_be_paid) == ("unreachable", False)
    assert proxy.requests == []


# the key


@pytest.fixture
def babble():
    """Return a function that starts a server which says these bytes to whoever comes first; it returns the address."""
    server = socket.create_server(("127.0.0.1", 0))
    threads = []

    def say(data):
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(data)

    def start(data):
        threads.append(threading.Thread(target=say, args=(data,)))
        threads[0].start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/v1"

    yield start
    server.close()
    threads[0].join()


def test_what_is_no_http_is_a_reason_without_the_key(live_params, babble, canary):
    url = babble(f"{canary} is no status line {'x' * 110}{canary}\r\n\r\n".encode())
    with pytest.raises(Lost) as caught:
        send(with_llm(live_params, base_url=url))
    assert caught.value.reason == "connection"
    assert canary[:8] not in str(caught.value)
    assert "[key] is no status line" in str(caught.value)


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_the_key_is_cut_out_of_every_answer(live_params, endpoint, canary, status):
    endpoint.default = endpoint.Http(status, f"你的钥匙是{canary}。{canary}".encode())
    assert send(live_params).content.decode() == "你的钥匙是[key]。[key]"


def test_the_dummy_key_of_a_local_server_is_no_secret_word(live_params, endpoint, monkeypatch):
    monkeypatch.setenv("HUABEN_TEST_KEY", "none")
    endpoint.default = endpoint.Http(body=b"There was none.")
    assert send(live_params).content == b"There was none."


def test_the_client_does_not_show_its_key(live_params, canary):
    async def words():
        client = ChatClient(live_params.llm, canary)
        await client.close()
        return repr(client) + str(client) + repr(client._client)

    assert canary not in asyncio.run(words())
