"""Websocket handshake without OpenSSL, which the wheels of uWSGI lack."""

import base64
import functools
import hashlib
import importlib
from typing import Any

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


def replace() -> None:
    """Replace uWSGI's handshake for the connections of the server's events."""
    uwsgi: Any = importlib.import_module("uwsgi")  # exists only in uWSGI's workers
    connection: Any = importlib.import_module("engineio.async_drivers.gevent_uwsgi").uWSGIWebSocket
    handle = connection.__call__

    def handle_with_handshake(self: Any, environ: dict[str, Any], start_response: Any) -> Any:
        # The handler calls it without arguments, before it gives way to another connection.
        uwsgi.websocket_handshake = functools.partial(_accept, uwsgi.send, environ)
        return handle(self, environ, start_response)

    connection.__call__ = handle_with_handshake


def _accept(send: Any, environ: dict[str, Any]) -> None:
    """Send the response that opens a websocket."""
    key = environ["HTTP_SEC_WEBSOCKET_KEY"] + _GUID
    digest = hashlib.sha1(key.encode(), usedforsecurity=False)
    accept = base64.b64encode(digest.digest()).decode()
    send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )
