"""A server on loopback that fails every request, in the way that its path names."""

import json
import socket
import struct
import threading
import time
from contextlib import suppress
from urllib.parse import parse_qsl


class FailingServer:
    """Serves while it is entered.

    Parameters
    ----------
    token : str
        A token that it gives, in answers that are never whole.
    """

    def __init__(self, token: str) -> None:
        self._token = token
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._ended = threading.Event()

    def __enter__(self) -> "FailingServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()  # before its number is free for the next socket
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._fail, args=[connection], daemon=True).start()

    def _fail(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            head, body = self._read(
                connection,
                whole=b"/reset-while-sending/"
                not in (first := connection.recv(64, socket.MSG_PEEK)),
            )
            way = first.split(b"/")[1].decode()
            if way in ("reset", "reset-while-sending"):
                linger = struct.pack("ii", 1, 0)  # closing resets the connection
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            elif way == "silent":
                self._ended.wait(20)
            elif way == "half":
                tokens = json.dumps({"access_token": self._token, "refresh_token": self._token})
                self._answer(connection, 200, tokens[:-9], length=9999)
                time.sleep(0.1)
            elif way == "trickle":  # the head, a part of the tokens, and no more
                self._answer(connection, 200, f'{{"access_token": "{self._token}", ', length=9999)
                self._ended.wait(20)
            elif way == "cut":  # what is not JSON any more, but of the right length
                self._answer(connection, 200, f'{{"access_token": "{self._token}", "refr')
            elif way == "odd":  # a token that cannot go into a header
                odd = {"access_token": f"{self._token}\n", "refresh_token": f"{self._token}\udc80"}
                self._answer(connection, 200, json.dumps(odd))
            elif way == "page":  # as servers do in debug mode
                self._answer(connection, 200, f"<pre>{head}\n\n{body}</pre>")
            else:
                is_form = "x-www-form-urlencoded" in head
                sent = (dict(parse_qsl(body)) if is_form else json.loads(body)) if body else {}
                echo = {"msg": f"cannot do that: {body}", "request": sent, "head": head}
                if is_form:  # as a realm names what it refuses
                    echo |= {"error": "invalid_grant", "error_description": echo["msg"]}
                self._answer(connection, int(way), json.dumps(echo))

    @staticmethod
    def _read(connection: socket.socket, *, whole: bool) -> tuple[str, str]:
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(1 << 16)
        head, _, body = received.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while whole and len(body) < length:
            body += connection.recv(1 << 16)
        return head.decode("latin-1"), body.decode("latin-1")

    def _answer(self, connection: socket.socket, status: int, body: str, length: int = 0) -> None:
        data = body.encode()
        connection.sendall(
            f"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\n"
            f"jwt-token: {self._token}\r\n"  # as the real server does
            f"Content-Length: {length or len(data)}\r\nConnection: close\r\n\r\n".encode()
            + data
        )
