"""What stands before a server in production: nginx, which speaks TLS, and a way to it that is long.

nginx runs as a process of its own, with a configuration, a certificate and all its files in a
folder that goes with it. It passes requests on to the server as the platform's manual shows it.
"""

import contextlib
import datetime
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from vantage6.localnet import _supervisor

HERE = Path(__file__).parent
HOST = "127.0.0.1"
CONFIGURATION = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    log_format requests '$connection $request_method $uri';
    access_log {folder}/access.log requests;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 65;
    server {{
        listen {host}:{port} ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:SSL:10m;
        ssl_session_timeout 1d;
        client_max_body_size 0;
        location = /nothing {{ return 204; }}
        location / {{
            proxy_pass http://{host}:{upstream};
            proxy_set_header Host $http_host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""


class Front:
    """nginx before a server on this machine.

    Parameters
    ----------
    upstream : int
        The server's port.

    Attributes
    ----------
    port : int
        Where it listens, for TLS.
    bundle : Path
        Whom to trust: all that Python's `certifi` does, and this one, as on a machine whose
        administrator added an authority to the system's.
    """

    def __init__(self, upstream: int) -> None:
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
        if nginx is None:
            raise SystemExit(
                "this part of the benchmark needs nginx on PATH: 'apt install nginx' or 'brew "
                "install nginx'; the service that a package may start is not needed"
            )
        self._folder = Path(tempfile.mkdtemp(prefix="vantage6-bench-"))
        self._command = [nginx, "-p", f"{self._folder}", "-c", f"{self._folder}/nginx.conf"]
        self.bundle = _certify(self._folder)
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.port: int = probe.getsockname()[1]
        text = CONFIGURATION.format(
            folder=self._folder, host=HOST, port=self.port, upstream=upstream
        )
        (self._folder / "nginx.conf").write_text(text)

    def __enter__(self) -> "Front":
        output = (self._folder / "output.log").open("wb")
        supervisor = [sys.executable, "-I", _supervisor.__file__, str(self._folder)]
        self._process = subprocess.Popen(
            [*supervisor, *self._command], stdin=subprocess.PIPE, stdout=output, stderr=output
        )
        output.close()
        deadline = time.monotonic() + 10
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection((HOST, self.port), 1).close()
                return self
            time.sleep(0.02)
        log = (self._folder / "output.log").read_text()
        self.__exit__()
        raise SystemExit(f"nginx does not listen:\n{log}")

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)

    @contextlib.contextmanager
    def requests(self) -> Iterator[list[tuple[str, str, str]]]:
        """Tell of each request that came meanwhile its connection, method and path."""
        log = self._folder / "access.log"
        start = log.stat().st_size
        found: list[tuple[str, str, str]] = []
        yield found
        time.sleep(0.2)  # a line is written once the answer has gone out
        with log.open() as file:
            file.seek(start)
            found.extend(tuple(line.split(maxsplit=2)) for line in file.read().splitlines())

    @contextlib.contextmanager
    def far(self, round_trip: float) -> Iterator[int]:
        """Give a port from which the way to here and back takes some seconds."""
        command = [sys.executable, HERE / "relay.py", str(self.port), str(round_trip / 2)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as relay:
            assert relay.stdin is not None
            assert relay.stdout is not None
            try:
                yield int(relay.stdout.readline())
            finally:
                relay.stdin.close()

    def round_trip(self, port: int) -> float:
        """Measure how long nginx takes to answer by itself, on a connection that is open."""
        context = ssl.create_default_context(cafile=self.bundle)
        request = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"
        times: list[float] = []
        with (
            socket.create_connection((HOST, port), 10) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as connection,
        ):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(50):
                before = time.perf_counter()
                connection.sendall(request)
                answer = b""
                while b"\r\n\r\n" not in answer:
                    answer += connection.recv(4096)
                times.append(time.perf_counter() - before)
        return statistics.median(times)


def _certify(folder: Path) -> Path:
    """Make an authority and a certificate of its; give the file of all that are trusted."""
    now = datetime.datetime.now(datetime.timezone.utc)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        for name in ("benchmark's authority", HOST)
    ]
    certificates: list[x509.Certificate] = []
    for is_authority, key, name in zip((True, False), keys, names, strict=True):
        public = key.public_key()
        alternatives = x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))])
        identifiers = (
            x509.SubjectKeyIdentifier.from_public_key(public),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key()),
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(names[0])
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(identifiers[0], critical=False)
            .add_extension(identifiers[1], critical=False)
        )
        if not is_authority:
            builder = builder.add_extension(alternatives, critical=False)
        certificates.append(builder.sign(keys[0], hashes.SHA256()))
    authority, own = (each.public_bytes(serialization.Encoding.PEM) for each in certificates)
    (folder / "server.pem").write_bytes(own)
    (folder / "server.key").write_bytes(
        keys[1].private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    bundle = folder / "trusted.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + authority)
    return bundle
