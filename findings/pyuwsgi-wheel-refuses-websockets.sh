#!/usr/bin/env bash
# pyuwsgi 2.0.30, the wheel on PyPI for Linux
#
# What: the wheel has uWSGI's functions for websockets (uwsgi.websocket_handshake and others), takes
# --http-websockets, and starts without a warning. Each handshake then fails with OSError, because it needs SHA-1,
# which uWSGI takes from OpenSSL, which the wheel was built without; only uWSGI's own log says so.
#
# Why it matters: vantage6 4.x sends its events by Socket.IO, whose uWSGI mode uses these functions. A server
# that was installed from wheels alone answers every request, but no websocket.
#
# Guess before the run: status 101, as with uWSGI from source, or an error at the start.
#
# Output seen:
# has the function: True
# answer: HTTP/1.1 500 failed | OSError: unable to complete websocket handshake
set -euo pipefail
folder=$(mktemp -d)
trap 'kill -INT "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q pyuwsgi==2.0.30
cat > app.py <<'PY'
import uwsgi


def application(environ, start_response):
    if "HTTP_SEC_WEBSOCKET_KEY" not in environ:
        start_response("200 OK", [])
        return [str(hasattr(uwsgi, "websocket_handshake")).encode()]
    try:
        uwsgi.websocket_handshake(environ["HTTP_SEC_WEBSOCKET_KEY"])
        uwsgi.websocket_send("hello")
    except OSError as error:
        start_response("500 failed", [])
        return [f"OSError: {error}".encode()]
    return []
PY
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/pyuwsgi --http-socket "127.0.0.1:$port" --wsgi-file app.py --master --need-app \
    --http-websockets >server.log 2>&1 &
server=$!
python3 - "$port" <<'PY'
import socket, sys, time

UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


def ask(headers=""):
    for _ in range(100):
        try:
            connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    connection.sendall(f"GET / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
    answer = b""
    while part := connection.recv(4096):
        answer += part
    return answer.decode()


known = ask().split("\r\n\r\n")[1]
answer = ask(UPGRADE + KEY).replace("\r\n\r\n", " | ")
print("has the function:", known)
print("answer:", answer)
assert known == "True"
assert answer == "HTTP/1.1 500 failed | OSError: unable to complete websocket handshake"
PY
