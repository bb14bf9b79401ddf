"""What stands between a client and a server: certificates, TLS, and proxies, all real."""

import datetime
import ipaddress
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from dripping import raw_server

NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
NAME = "server.example"

# What a key may be for, all of which a certificate has to name.
USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Signs certificates that are good for nothing else than a test."""

    def __init__(self, folder: Path, name: str = "test authority") -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._sign(_name(name), self._key, [], NOW - DAY, NOW + DAY, ca=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._pem(self._certificate))

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        names: list[str],
        begins: datetime.datetime,
        ends: datetime.datetime,
        *,
        ca: bool = False,
        by_itself: bool = False,
        to_standard: bool = True,
    ) -> x509.Certificate:
        signer = key if by_itself else self._key
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if by_itself else _name(self._name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if to_standard:  # Python 3.13 insists on these
            own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
            by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
            builder = builder.add_extension(own, critical=False).add_extension(by, critical=False)
        if ca:
            uses = dict.fromkeys(USES, False) | {"key_cert_sign": True}
            builder = builder.add_extension(x509.KeyUsage(**uses), critical=True)
        if names:
            also = [
                x509.IPAddress(ipaddress.ip_address(name))
                if name[0].isdigit()
                else x509.DNSName(name)
                for name in names
            ]
            builder = builder.add_extension(x509.SubjectAlternativeName(also), critical=False)
        return builder.sign(signer, hashes.SHA256())

    @staticmethod
    def _pem(certificate: x509.Certificate) -> bytes:
        return certificate.public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        *names: str,
        begins: datetime.datetime = NOW - DAY,
        ends: datetime.datetime = NOW + DAY,
        by_itself: bool = False,
        to_standard: bool = True,
        passphrase: str | None = None,
    ) -> tuple[Path, Path]:
        """Make a certificate and its key, and give their files."""
        key = ec.generate_private_key(ec.SECP256R1())
        how = {"by_itself": by_itself, "to_standard": to_standard}
        certificate = self._sign(_name(names[0]), key, list(names), begins, ends, **how)
        stem = self._folder / f"{certificate.serial_number}"
        stem.with_suffix(".crt").write_bytes(self._pem(certificate))
        locked = (
            serialization.BestAvailableEncryption(passphrase.encode())
            if passphrase
            else serialization.NoEncryption()
        )
        stem.with_suffix(".key").write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
        )
        return stem.with_suffix(".crt"), stem.with_suffix(".key")

    def context(self, files: tuple[Path, Path], clients: Path | None = None) -> ssl.SSLContext:
        """Make what a server shows a certificate with, and wants one of clients if told so."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)
        return context


def pump(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes from one side, until it is done."""
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def pass_on(one: socket.socket, other: socket.socket) -> None:
    """Pass on what comes from either side to the other, until one is done."""
    back = threading.Thread(target=pump, args=(other, one), daemon=True)
    back.start()
    pump(one, other)
    back.join()


def take_turns(one: socket.socket, other: socket.socket) -> None:
    """Pass on what comes from either side to the other, until both are done, on one thread.

    What speaks TLS is not to be read and written at the same time.
    """
    with selectors.DefaultSelector() as selector:
        for source, target in ((one, other), (other, one)):
            selector.register(source, selectors.EVENT_READ, (source, target))
        while selector.get_map():
            for key, _ in selector.select():
                if not _pass_some(*key.data):
                    selector.unregister(key.fileobj)


def _pass_some(source: socket.socket, target: socket.socket) -> bool:
    """Pass on what has come; tell whether there may be more."""
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
            if not (isinstance(source, ssl.SSLSocket) and source.pending()):
                return True
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
    return False


def to_port(port: int) -> Callable[[socket.socket], None]:
    """Pass all on to a port of this machine."""

    def serve(near: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as far:
            take_turns(near, far)

    return serve


@dataclass
class Proxy:
    """Where a proxy is, and what it was asked for."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)


def _read_head(near: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        more = near.recv(1)
        if not more:
            break
        head += more
    return head


def _read_body(near: socket.socket, lines: list[str]) -> bytes:
    body, left = b"", 0
    for line in lines:
        if line.lower().startswith("content-length:"):
            left = int(line.split(":")[1])
    while len(body) < left and (more := near.recv(left - len(body))):
        body += more
    return body


@contextmanager
def http_proxy(port: int, refusal: bytes = b"") -> Iterator[Proxy]:
    """Take CONNECT, and plain requests; each host is at one port of this machine."""
    proxy = Proxy()

    def hear(near: socket.socket) -> tuple[str, list[str]]:
        first, *lines = _read_head(near).decode().split("\r\n")
        if first:
            proxy.asked.append(first.rsplit(" ", 1)[0])
        proxy.credentials += [one for one in lines if one.lower().startswith("proxy-auth")]
        return first, lines

    def refuse(near: socket.socket) -> None:  # whether anybody listens behind it or not
        hear(near)
        near.sendall(b"HTTP/1.1 " + refusal + b"\r\nContent-Length: 0\r\n\r\n")

    def serve(near: socket.socket) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as far:
            back = threading.Thread(target=pump, args=(far, near), daemon=True)
            while (heard := hear(near))[0]:
                first, lines = heard
                if first.startswith("CONNECT"):
                    near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    pass_on(near, far)
                    return
                method, url, version = first.split(" ")
                path = "/" + url.split("/", 3)[3]
                far.sendall("\r\n".join([f"{method} {path} {version}", *lines]).encode())
                far.sendall(_read_body(near, lines))
                if not back.is_alive():
                    back.start()
            with suppress(OSError):
                far.shutdown(socket.SHUT_RDWR)
            if back.is_alive():
                back.join()  # before the number of its socket is free for the next one

    with raw_server(refuse if refusal else serve) as seen:
        proxy.port = seen.port
        yield proxy


@contextmanager
def socks_proxy(port: int) -> Iterator[Proxy]:
    """Take SOCKS 5 without a login, for any host; all of them are at one port of this machine."""
    proxy = Proxy()

    def serve(near: socket.socket) -> None:
        _, methods = near.recv(2)
        near.recv(methods)
        near.sendall(b"\x05\x00")
        _, _, _, kind = near.recv(4)
        if kind == 3:
            host = near.recv(near.recv(1)[0]).decode()
        else:
            host = str(ipaddress.ip_address(near.recv(4)))
        proxy.asked.append(f"{host}:{int.from_bytes(near.recv(2), 'big')}")
        near.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        with socket.create_connection(("127.0.0.1", port)) as far:
            pass_on(near, far)

    with raw_server(serve) as seen:
        proxy.port = seen.port
        yield proxy
