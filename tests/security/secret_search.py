"""Record everything that a program shows, and search it for known secrets."""

import asyncio
import base64
import concurrent.futures
import copy
import io
import json
import logging
import pickle
import stat
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, quote_plus

import httpcore
import httpx
import pytest
import websocket
from rich.console import Console
from rich.traceback import Traceback

from tests.support.maybe_await import maybe_await
from vantage6.bindings.secret import Secret, SecretBytes

# So that the hunter's own frames, which are in each traceback too, do not show what is looked for.
Known = dict[str, Secret]


class SecretSearch:
    """Collects secrets, and what was shown; then says which of the former are in the latter."""

    def __init__(self) -> None:
        self._known = Known()
        self._shown: dict[str, str] = {}
        self._logs = _Logs(self)
        self._turn, self._number, self._marked = count(), count(), count(2)

    # -- what is looked for ------------------------------------------------------------------------
    def mark(self, name: str, value: str) -> Secret:
        """Register a secret; short ones would be found by chance."""
        assert len(value) >= 10, name
        self._known.setdefault(name, Secret(value))
        if self._known[name] != value:
            self._known[f"{name} ({next(self._marked)})"] = Secret(value)
        return Secret(value)

    def mark_login(self, client: Any) -> None:
        """Register a client's tokens."""
        tokens = client._core.auth.tokens
        if tokens:
            self.mark("access token", tokens.access)
            self.mark("refresh token", tokens.refresh)

    @property
    def names(self) -> set[str]:
        """Return what was registered."""
        return set(self._known)

    # -- what is shown -----------------------------------------------------------------------------
    def saw(self, where: str, text: str | bytes) -> None:
        """Keep what was shown."""
        self._shown[f"{where} #{next(self._number)}"] = (
            text if isinstance(text, str) else text.decode("latin-1")
        )

    def look_at(self, where: str, value: object) -> None:
        """Keep all reprs that can be had of a value, and of what it is made of."""
        for place, each in _reachable(where, value):
            self.saw(place, repr(each))
            if not isinstance(each, str | bytes | Mapping):
                self.saw(f"str of {place}", str(each))

    async def fails(self, where: str, call: Callable[[], Any], *, keeps: str = "") -> BaseException:
        """Make a call that is to fail, and keep all that its error shows; wait if it is async.

        `keeps` names an attribute that the error is to carry, even from process to process.
        """
        try:
            await maybe_await(call())
        except BaseException as error:
            self._keep_error(where, error, keeps)
            return error
        raise AssertionError(f"{where} did not fail")

    def _keep_error(self, where: str, error: BaseException, keeps: str) -> None:
        self.saw(f"traceback of {where}", _with_locals(error))
        if not next(self._turn) % 10:  # it takes a while
            self.saw(f"rich traceback of {where}", _with_rich_locals(error))
        for each in _chain(error):
            self.look_at(f"error of {where}", each)
            self.saw(f"message of {where}", f"{each} {each!r} {each.args!r}")
            for place in _frames(each.__traceback__):
                self.saw(f"frame of {where}", repr(place))
            for copied in (copy.copy, copy.deepcopy):
                self.saw(f"{copied.__name__} of {where}", repr(vars(copied(each))))
        if not keeps:
            self.saw(f"pickle of {where}", pickle.dumps(error, protocol=0))

    # -- what other programs see -------------------------------------------------------------------
    def watch_processes(self) -> "Processes":
        """Keep the command lines of all processes, and the environments of ours, while entered."""
        return Processes(self)

    def logs(self) -> "_Logs":
        """Keep all messages of all loggers, while entered."""
        return self._logs

    def look_into(self, folder: Path, *, search: bool) -> list[str]:
        """Name the files in a folder that others can read; search all, if they hold no secrets."""
        others = []
        for path in sorted(folder.rglob("*")):
            with suppress(FileNotFoundError):  # a database's journal comes and goes
                mode = path.stat().st_mode
                if not stat.S_ISREG(mode):
                    continue
                if stat.S_IMODE(mode) & 0o077:
                    others.append(f"{path.name}: {stat.S_IMODE(mode):04o}")
                if search:
                    self.saw(f"file {path.name}", path.read_bytes())
        return others

    # -- what comes of it --------------------------------------------------------------------------
    def found(self) -> list[str]:
        """Return which secrets were shown, and where."""
        found = []
        for name, value in self._known.items():
            forms = set(_forms(str(value)))
            for place, text in self._shown.copy().items():  # objects and threads that end add to it
                if any(form in text for form in forms):
                    found.append(f"{name} in {place}")
        return found

    def summary(self) -> str:
        """Return how much was looked at."""
        size = sum(map(len, self._shown.values())) / 2**20
        return f"{len(self._known)} secrets, {len(self._shown)} texts, {size:.1f} MiB"


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it may be written: also in base64, whatever stands before it."""
    for text in (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield text
        yield repr(text)[1:-1]
        yield repr(text.encode(errors="surrogateescape"))[2:-1]
        yield text.encode(errors="surrogateescape").decode("latin-1")
    yield quote(secret, safe="")
    yield quote_plus(secret)
    for before in range(3):
        text = base64.b64encode(b"\0" * before + secret.encode()).decode()
        # The letters at the ends depend on what stands beside the secret.
        inner = text.rstrip("=")[(0, 2, 3)[before] : -1]
        yield inner
        yield inner.translate(str.maketrans("+/", "-_"))
    if len(secret) > 60:  # what shows long texts cuts them; tokens all begin alike
        yield secret[45:75]
        yield secret[-40:]


def _reachable(where: str, value: object, depth: int = 8) -> Iterator[tuple[str, object]]:
    """Yield a value and what it is made of, as far as that is of this package's making."""
    seen: set[int] = set()
    pending = [(where, value, 0)]
    while pending:
        place, each, level = pending.pop()
        if id(each) in seen or level > depth:
            continue
        seen.add(id(each))
        yield place, each
        if isinstance(each, Secret | SecretBytes):
            continue
        module = type(each).__module__
        parts: list[tuple[str, object]] = []
        if type(each) is dict:
            parts = [(f"[{key!r}]", item) for key, item in each.items()]
        elif isinstance(each, list | tuple | set | frozenset):
            parts = [(f"[{index}]", item) for index, item in enumerate(each)]
        if module.startswith("vantage6.") or isinstance(each, BaseException):
            parts += [(f".{key}", item) for key, item in getattr(each, "__dict__", {}).items()]
        parts += [(f".{name}", item) for name, item in _inside(each)]
        pending += [
            # A row that masks itself, and what attrs and dataclasses leave out of their repr, are
            # available to callers that ask for them.
            (place + name, item, level + 1)
            for name, item in parts
            if name.removeprefix(".") not in _quiet_fields(each)
        ]


def _inside(value: object) -> Iterator[tuple[str, object]]:
    """Yield what an error, a request, a response or a future holds and its repr does not show."""
    if isinstance(value, BaseException):
        yield "__cause__", value.__cause__
        yield "__context__", value.__context__
        yield "exceptions", getattr(value, "exceptions", ())
    if isinstance(value, httpx.Request | httpx.Response):
        yield "headers", value.headers.raw
        with suppress(httpx.StreamError):  # it is not read yet, or was streamed
            yield "content", value.content
    if isinstance(value, httpx.Request):
        yield "url", str(value.url)
    if isinstance(value, httpx.Response):
        yield "request", getattr(value, "_request", None)
    if isinstance(value, httpcore.Request):
        yield "headers", value.headers
    if isinstance(value, asyncio.Future | concurrent.futures.Future) and value.done():
        if value.cancelled():
            return
        error = value.exception()
        yield ("exception", error) if error else ("result", value.result())


def _quiet_fields(value: object) -> set[str]:
    fields = getattr(type(value), "__dataclass_fields__", {}) or {
        field.name: field for field in getattr(type(value), "__attrs_attrs__", ())
    }
    return {name for name, field in fields.items() if field.repr is False}


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    pending, seen = [error], set[int]()
    while pending:
        each = pending.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            pending += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]


def _frames(trace: TracebackType | None) -> Iterator[dict[str, object]]:
    while trace is not None:
        yield trace.tb_frame.f_locals
        trace = trace.tb_next


def _with_locals(error: BaseException) -> str:
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def _plain(error: BaseException) -> str:
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


def _with_rich_locals(error: BaseException) -> str:
    console = Console(file=io.StringIO(), width=240)
    shown = Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, extra_lines=0
    )
    with console.capture() as capture:
        console.print(shown)
    return capture.get()


class _Logs(logging.Handler):
    """Keeps what is logged, from the lowest level on."""

    def __init__(self, search: SecretSearch) -> None:
        super().__init__(0)
        self._search = search
        self._patch = pytest.MonkeyPatch()
        self.names: set[str] = set()

    def __enter__(self) -> "_Logs":
        call_handlers = logging.Logger.callHandlers

        def heard(logger: logging.Logger, record: logging.LogRecord) -> None:
            self.handle(record)
            call_handlers(logger, record)

        # Whatever level a library sets, and whether or not its logger propagates.
        self._patch.setattr(logging.Logger, "isEnabledFor", lambda *_: True)
        self._patch.setattr(logging.Logger, "callHandlers", heard)
        websocket.enableTrace(True, logging.NullHandler())
        return self

    def __exit__(self, *_: object) -> None:
        websocket.enableTrace(False)
        self._patch.undo()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message, as it reads and as it is made; not those of the test's mail server."""
        if record.name == "mail.log":
            return
        self.names.add(record.name.split(".")[0])
        self._search.saw(f"log of {record.name}", record.getMessage())
        self._search.look_at(f"record of {record.name}", record.args)
        self._search.saw(f"arguments of a log of {record.name}", repr(record.args))
        if record.exc_info and record.exc_info[1]:
            # asyncio in debug mode logs errors of its own frames, which have what is sent in them.
            is_ours = record.name.startswith("vantage6")
            shown = (_with_locals if is_ours else _plain)(record.exc_info[1])
            self._search.saw(f"traceback in a log of {record.name}", shown)


class Processes:
    """Looks at the list of processes again and again."""

    def __init__(self, search: SecretSearch) -> None:
        self._search = search
        self._seen: set[bytes] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.commands: set[str] = set()

    def __enter__(self) -> "Processes":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    self._look(process / name)
            time.sleep(0.1)

    def _look(self, path: Path) -> None:
        try:
            text = path.read_bytes()
        except OSError:  # it has ended, or is another user's
            return
        if text not in self._seen:
            self._seen.add(text)
            self._search.saw(path.name, text)
            if path.name == "cmdline":
                self.commands.add(text.replace(b"\0", b" ").decode("latin-1"))


Call = Callable[[], Awaitable[object] | object]
