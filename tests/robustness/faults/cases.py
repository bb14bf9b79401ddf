"""The exchanges, the faults, and the expected outcome of each combination."""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from .breaking_proxy import Exchange, Fault, parts, reset, with_length
from .shared_network import ALGORITHM, algorithm_called

# What is tried again after a failure, as often as there are pauses for it.
ATTEMPTS = 4
# The limits that a call is given, in seconds: for a silence, and for all of it. Where it is not
# about them, they are such that a busy machine does not reach them.
SILENCE, TOTAL = 4.0, 10.0
AMPLE = 30.0
WAIT = 5
MIB = 2**20

EXPIRED = json.dumps({"msg": "Token has expired"}).encode()
PAGE = b"<!doctype html><title>Maintenance</title><p>Back soon \x1b[31m"


# ---- faults --------------------------------------------------------------------------------------
def reset_in_it(exchange: Exchange) -> None:
    exchange.reset()


def reset_after_it(exchange: Exchange) -> None:
    exchange.ask()
    exchange.reset()


def half_a_body(exchange: Exchange) -> None:
    head, body = parts(exchange.ask())
    exchange.send(head + body[: len(body) // 2])
    exchange.close()


def half_of_no_length(exchange: Exchange) -> None:
    head, body = parts(exchange.ask())
    exchange.send(with_length(head, None) + body[: len(body) // 2])
    exchange.close()  # in good order, so that nothing shows that more was to come


def reset_in_the_answer(exchange: Exchange) -> None:
    """Break off as the server does with a blob: it tells no length, so that only a reset shows."""
    head, body = parts(exchange.ask())
    exchange.send(with_length(head, None) + body[: len(body) // 2])
    exchange.reset()


def too_long(exchange: Exchange) -> None:
    head, body = parts(exchange.ask())
    exchange.send(with_length(head, len(body) + 10) + body)


def too_short(exchange: Exchange) -> None:
    head, body = parts(exchange.ask())
    exchange.send(with_length(head, len(body) // 2) + body)


def garbage(exchange: Exchange) -> None:
    exchange.send(b"\x00\xff\x16\x03\x01 What a strange server this is \r\n\r\n" * 3)


def html(status: int, **headers: str) -> Fault:
    return lambda exchange: exchange.say(status, PAGE, content_type="text/html", **headers)


def silence(exchange: Exchange) -> None:
    exchange.ask()
    exchange.wait(60)


def slow_head(exchange: Exchange) -> None:
    _slowly(exchange, exchange.ask())


def slow_body(exchange: Exchange) -> None:
    head, body = parts(exchange.ask())
    exchange.send(head)
    _slowly(exchange, body)


def _slowly(exchange: Exchange, data: bytes) -> None:
    for byte in data:
        exchange.send(bytes([byte]))
        exchange.wait(SILENCE / 2)


def zeros(exchange: Exchange) -> None:
    exchange.body()
    length = 100 * MIB
    exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
    for _ in range(100):
        exchange.send(bytes(MIB))


def bomb(exchange: Exchange) -> None:
    exchange.say(200, packed_zeros(), content_encoding="gzip")


@cache
def packed_zeros() -> bytes:
    """Return a gzip of 400 MiB, made piece by piece since memory is watched here."""
    packer, piece = zlib.compressobj(1, wbits=31), bytes(MIB)
    return b"".join(packer.compress(piece) for _ in range(400)) + packer.flush()


def bad_gzip(exchange: Exchange) -> None:
    exchange.say(200, b"this is not gzip", content_encoding="gzip")


def loop(exchange: Exchange) -> None:
    exchange.say(302, location=exchange.line.split()[1])


def elsewhere(exchange: Exchange) -> None:
    other_host = exchange.proxy.other_host
    port = other_host.port if other_host else 0
    exchange.say(307, location=f"http://127.0.0.2:{port}{exchange.line.split()[1]}")


def expired(exchange: Exchange) -> None:
    exchange.say(401, EXPIRED)


def busy(status: int, **headers: str) -> Fault:
    return lambda exchange: exchange.say(status, b'{"msg": "not now"}', **headers)


@dataclass(frozen=True)
class Case:
    """What has to come: the value or an error, after so many requests at the proxy."""

    outcome: str
    requests: int
    seconds: float = 2.0


RECOVERED, WRONG = "recovered", "a wrong value"


def recovers(requests: int = 2, seconds: float = 3.0) -> Case:
    return Case(RECOVERED, requests, seconds)


def fails(error: str, requests: int = 1, seconds: float = 3.0) -> Case:
    return Case(error, requests, seconds)


@dataclass(frozen=True)
class Way:
    """One way to break exchanges.

    Parameters
    ----------
    name : str
        What the table calls it.
    fault : callable or None
        What is done to a request.
    safe, unsafe : Case
        What has to come where the request may be repeated, and where it may not.
    special : dict of str to Case
        What has to come of some exchanges in place of that.
    times : float
        How many requests are broken.
    is_hurried : bool
        Whether it is about the limits of a call, which are tight then.
    refused : float
        For how many seconds no connection is taken.
    to_connections : callable, optional
        What is done to connections, before there is a request.
    renewal_too : bool
        Whether the renewal of the token is broken in the same way.
    is_stale : bool
        Whether the connections that were kept end before the call.
    """

    name: str
    fault: Fault | None
    safe: Case
    unsafe: Case
    special: Mapping[str, Case] = field(default_factory=dict)
    times: float = float("inf")
    refused: float = 0.0
    to_connections: Callable[[Any], None] | None = None
    renewal_too: bool = False
    is_stale: bool = False
    is_hurried: bool = False

    def expected(self, kind: "Kind") -> Case:
        """Return what has to come of an exchange that is broken in this way."""
        return self.special.get(kind.name, self.safe if kind.is_safe else self.unsafe)


def reset_at_once(near: Any) -> None:
    reset(near)
    raise ConnectionAbortedError


EVER = float("inf")
ANY = -1
BREAKS = fails("ConnectionFailedError", ATTEMPTS, 3.0)
# Without the length of a blob, a missing part cannot be noticed.
CUT = fails(WRONG)
# A task is looked for when the answer to its creation is lost, in vain where there is none.
FOUND = recovers(1, 12.0)
UNKNOWN = fails("TaskCreationUncertainError", 1, 12.0)
# Waiting goes on through what may pass, until its own time is up.
WAITS_ON = fails("WaitTimeoutError", ANY, WAIT + 9.0)
WAITED = recovers(ANY, 6.0)


def _after(status: int) -> Case:
    """Return what comes of a creation that is answered so: with 503 it was not even begun."""
    return fails("ServerError") if status == 503 else UNKNOWN


WAYS = [
    Way(
        "kept-alive connections closed",
        None,
        recovers(1, 3.0),
        recovers(1, 3.0),
        {"wait": WAITED},
        is_stale=True,
    ),
    Way(
        "no connection, permanently",
        None,
        fails("ConnectionFailedError", 0, 3.0),
        fails("ConnectionFailedError", 0, 3.0),
        refused=EVER,
    ),
    Way(
        "no connection, briefly",
        None,
        recovers(1, 3.0),
        recovers(1, 3.0),
        {"wait": WAITED},
        refused=0.3,
    ),
    Way(
        "reset before the request, each time",
        None,
        fails("ConnectionFailedError", 0, 3.0),
        fails("ConnectionFailedError", 0, 3.0),
        to_connections=reset_at_once,
    ),
    Way(
        "reset during the request, once",
        reset_in_it,
        recovers(),
        fails("ConnectionFailedError"),
        {"create": UNKNOWN, "wait": WAITED},
        times=1,
    ),
    Way(
        "reset during the request, each time",
        reset_in_it,
        BREAKS,
        fails("ConnectionFailedError"),
        {"create": UNKNOWN, "wait": WAITS_ON},
    ),
    Way(
        "reset after the request, once",
        reset_after_it,
        recovers(),
        fails("ConnectionFailedError"),
        {"create": FOUND, "wait": WAITED},
        times=1,
    ),
    Way(
        "reset after the request, each time",
        reset_after_it,
        BREAKS,
        fails("ConnectionFailedError"),
        {"create": FOUND, "wait": WAITS_ON},
    ),
    Way(
        "half a body, once",
        half_a_body,
        recovers(),
        fails("ConnectionFailedError"),
        {"create": FOUND, "wait": WAITED},
        times=1,
    ),
    Way(
        "half a body, each time",
        half_a_body,
        BREAKS,
        fails("ConnectionFailedError"),
        {"create": FOUND, "wait": WAITS_ON},
    ),
    Way(
        "half a body, without Content-Length",
        half_of_no_length,
        fails("InvalidResponseError"),
        fails("InvalidResponseError"),
        {"create": FOUND, "wait": WAITS_ON, "download": CUT},
    ),
    Way(
        "reset during the response, without Content-Length, once",
        reset_in_the_answer,
        recovers(),
        fails("ConnectionFailedError"),
        {"create": FOUND, "wait": WAITED},
        times=1,
    ),
    Way(
        "Content-Length too long",
        too_long,
        fails("RequestTimeoutError", 1, SILENCE + 1),
        fails("RequestTimeoutError", 1, SILENCE + 1),
        {"create": FOUND, "wait": WAITS_ON},
        is_hurried=True,
    ),
    Way(
        "Content-Length too short",
        too_short,
        fails("InvalidResponseError"),
        fails("InvalidResponseError"),
        {"create": FOUND, "wait": WAITS_ON, "download": CUT},
    ),
    Way(
        "garbage instead of HTTP",
        garbage,
        BREAKS,
        fails("ConnectionFailedError"),
        {"create": UNKNOWN, "wait": WAITS_ON},
    ),
    Way(
        "body declared as gzip that is not gzip",
        bad_gzip,
        BREAKS,
        fails("ConnectionFailedError"),
        {"create": UNKNOWN, "wait": WAITS_ON},
    ),
    Way(
        "an HTML page with 200",
        html(200),
        fails("InvalidResponseError"),
        fails("InvalidResponseError"),
        {"create": UNKNOWN, "wait": WAITS_ON},
    ),
    *[
        Way(
            f"an HTML page with {status}, once",
            html(status),
            recovers(),
            fails("ServerError"),
            {"create": _after(status), "wait": WAITED},
            times=1,
        )
        for status in (502, 503, 504)
    ],
    *[
        Way(
            f"an HTML page with {status}, each time",
            html(status),
            fails("ServerError", ATTEMPTS, 3.0),
            fails("ServerError"),
            {"create": _after(status), "wait": WAITS_ON},
        )
        for status in (502, 503, 504)
    ],
    Way(
        "no response",
        silence,
        fails("RequestTimeoutError", 1, SILENCE + 1),
        fails("RequestTimeoutError", 1, SILENCE + 1),
        {"create": FOUND, "wait": WAITS_ON},
        is_hurried=True,
    ),
    *[
        Way(
            f"a byte at a time, in the {where}",
            fault,
            fails("RequestTimeoutError", 1, TOTAL + 1),
            fails("RequestTimeoutError", 1, TOTAL + 1),
            {"create": recovers(1, TOTAL + 8), "wait": WAITS_ON},
            is_hurried=True,
        )
        for where, fault in (("headers", slow_head), ("body", slow_body))
    ],
    Way(
        "a redirect to itself",
        loop,
        fails("StatusError"),
        fails("StatusError"),
    ),
    Way(
        "a redirect to another host",
        elsewhere,
        fails("StatusError"),
        fails("StatusError"),
    ),
    Way(
        "expired token, once",
        expired,
        recovers(),
        recovers(),
        {
            "login": fails("LoginExpiredError"),
            "refresh": fails("LoginExpiredError"),
            "wait": WAITED,
        },
        times=1,
    ),
    Way(
        "expired token, each time",
        expired,
        fails("LoginExpiredError", 2),
        fails("LoginExpiredError", 2),
        {"login": fails("LoginExpiredError"), "refresh": fails("LoginExpiredError")},
    ),
    Way(
        "expired token, renewal refused",
        expired,
        fails("LoginExpiredError"),
        fails("LoginExpiredError"),
        {"login": fails("LoginExpiredError"), "refresh": fails("LoginExpiredError")},
        renewal_too=True,
    ),
    Way(
        "429, once",
        busy(429),
        recovers(),
        fails("TooManyRequestsError"),
        {"wait": WAITED},
        times=1,
    ),
    Way(
        "429, each time",
        busy(429),
        fails("TooManyRequestsError", ATTEMPTS, 3.0),
        fails("TooManyRequestsError"),
        {"wait": WAITS_ON},
    ),
    Way(
        "429 with Retry-After: 1, once",
        busy(429, retry_after="1"),
        recovers(2, 3.0),
        fails("TooManyRequestsError"),
        {"wait": WAITED},
        times=1,
    ),
    Way(
        "429 with Retry-After: 3600",
        busy(429, retry_after="3600"),
        fails("TooManyRequestsError"),
        fails("TooManyRequestsError"),
        {"wait": WAITS_ON},
    ),
    Way(
        "500",
        busy(500),
        fails("ServerError"),
        fails("ServerError"),
        {"wait": WAITS_ON},
    ),
]

# The server is killed and started again: calls are made while it is away, of a list the first page
# is there already, and waiting has begun.
RESTART = Way(
    "the server restarts",
    None,
    recovers(ANY, 30.0),
    recovers(ANY, 30.0),
)

# What may come over what goes to or comes from the stores.
AT_STORES = {
    "kept-alive connections closed",
    "no connection, briefly",
    "reset during the request, once",
    "reset after the request, once",
    "half a body, once",
    "half a body, each time",
    "half a body, without Content-Length",
    "reset during the response, without Content-Length, once",
    "Content-Length too long",
    "Content-Length too short",
    "garbage instead of HTTP",
    "an HTML page with 200",
    "an HTML page with 502, once",
    "an HTML page with 502, each time",
    "no response",
    "a byte at a time, in the body",
    "a redirect to another host",
    "expired token, once",
    "expired token, each time",
    "429 with Retry-After: 1, once",
}

# 100 MiB and more: these are run one by one, in a process whose memory is watched.
FLOODS = [
    Way(
        name,
        fault,
        fails("InvalidResponseError", 1, 3.0),
        fails("InvalidResponseError", 1, 3.0),
        {"create": UNKNOWN, "wait": WAITS_ON},
    )
    for name, fault in (
        ("100 MiB of zeros", zeros),
        ("a gzip that expands to 400 MiB", bomb),
    )
]


# ---- exchanges -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Kind:
    """One kind of exchange.

    Parameters
    ----------
    name : str
        What the table calls it.
    title : str
        What a user writes.
    is_meant : callable
        Tells of the first line of a request whether it is the one to break.
    act : callable
        Makes the call, given the client and the subject.
    check : callable
        Tells whether the value is right.
    is_safe : bool
        Whether the request may be repeated.
    prepare : callable
        Makes what the call is about, given the shared that all cases share.
    made : callable
        Counts at the server what the call has made, given shared and subject.
    is_later : bool
        Whether not the first of these requests is broken, but those after it.
    """

    name: str
    title: str
    is_meant: Callable[[str], bool]
    act: Callable[[Any, Any], Any]
    check: Callable[[Any, Any], bool]
    is_safe: bool = True
    prepare: Callable[[Any], Any] = lambda shared: shared
    made: Callable[[Any, Any], int] = lambda shared, subject: 0
    is_later: bool = False


def exactly(line: str) -> Callable[[str], bool]:
    return lambda given: given.split("?")[0] == line


def _second_page(line: str) -> bool:
    return line.startswith("GET /api/organization?") and "page=2&" in line + "&"


CREATE = Kind(
    "create",
    "`task.create`",
    exactly("POST /api/task"),
    lambda client, name: client.task.create(
        [1], name, "example/nothing", method="nothing", collaboration=1
    ),
    lambda value, name: value["name"] == name,
    is_safe=False,
    prepare=lambda shared: shared.new_name(),
    made=lambda shared, name: shared.count_tasks(name),
)
KINDS = [
    Kind(
        "login",
        "`authenticate`",
        exactly("POST /api/token/user"),
        lambda client, shared: client.authenticate("root", shared.password),
        lambda value, shared: value is None,
        is_safe=False,
    ),
    Kind(
        "refresh",
        "`refresh_token`",
        exactly("POST /api/token/refresh"),
        lambda client, shared: client.refresh_token(),
        lambda value, shared: value is None,
        is_safe=False,
    ),
    Kind(
        "get",
        "`organization.get`",
        exactly("GET /api/organization/1"),
        lambda client, shared: client.organization.get(1),
        lambda value, shared: value["id"] == 1,
    ),
    Kind(
        "list",
        "`organization.list`, its second page",
        _second_page,
        lambda client, shared: client.organization.list(),
        lambda value, shared: [row["id"] for row in value] == shared.organization_ids,
    ),
    Kind(
        "patch",
        "`role.update`",
        lambda line: line.startswith("PATCH /api/role/"),
        lambda client, role: client.role.update(role["id"], description="changed"),
        lambda value, role: value["description"] == "changed",
        is_safe=False,
        prepare=lambda shared: shared.make_role(),
    ),
    Kind(
        "delete",
        "`role.delete`",
        lambda line: line.startswith("DELETE /api/role/"),
        lambda client, role: client.role.delete(role["id"]),
        lambda value, role: "msg" in value,
        prepare=lambda shared: shared.make_doomed_role(),
    ),
    CREATE,
    Kind(
        "wait",
        "`wait_for_results`, after its first poll",
        lambda line: line.startswith("GET /api/task/"),
        lambda client, shared: client.wait_for_results(
            shared.task_id, timeout=shared.wait, progress=False
        ),
        lambda value, shared: len(value) == 1,
        is_later=True,
    ),
]

# What goes to or comes from the blob store and the algorithm store.
STORE_KINDS = [
    replace(
        CREATE,
        name="upload",
        title="`task.create`, its input",
        is_meant=exactly("POST /api/blobstream"),
    ),
    Kind(
        "download",
        "`result.get`, its blob",
        lambda line: line.startswith("GET /api/blobstream/") and "status" not in line,
        lambda client, shared: client.result.get(shared.run_id),
        lambda value, shared: value.startswith("{") and value.endswith("}"),
    ),
    Kind(
        "algorithms",
        "`algorithm.list`",
        exactly("GET /api/algorithm"),
        lambda client, shared: client.algorithm.list(name=ALGORITHM),
        lambda value, shared: [row["name"] for row in value] == [ALGORITHM],
    ),
    Kind(
        "algorithm",
        "`algorithm.create`",
        exactly("POST /api/algorithm"),
        lambda client, name: client.algorithm.create(name, **algorithm_called(name)),
        lambda value, name: value["name"] == name,
        is_safe=False,
        prepare=lambda shared: shared.new_name(),
        made=lambda shared, name: shared.count_algorithms(name),
    ),
]
