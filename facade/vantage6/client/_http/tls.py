"""TLS: which certificates to trust, which to present, and what went wrong."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from .._storage.files import check_access
from .._utils.warnings import warn
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .route import Cert, Route, Verify


# ---- whom to trust ------------------------------------------------------------------------------


def ssl_context(url: str, route: Route) -> ssl.SSLContext:
    """Return what decides whether a server is the one that it should be."""
    if not url.startswith("https:"):
        # Loading certificates takes time; should TLS come up after all, nothing is trusted.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = _verifying_context(route.verify)
    if route.cert is not None:
        _present_certificate(context, route.cert)
    return context


def warn_if_unverified(url: str, route: Route) -> None:
    """Warn that certificates are not checked, where that is so."""
    if route.verify is False and url.startswith("https:"):
        warn(
            f"certificates are not checked: anyone on the way to {url} can read along and answer "
            "in its place"
        )


def _verifying_context(verify: Verify) -> ssl.SSLContext:
    if isinstance(verify, ssl.SSLContext):
        return verify
    if isinstance(verify, bool):
        return httpx.create_ssl_context(verify)
    path = Path(verify)
    check_access(path, f"verify={str(verify)!r}")
    try:
        if path.is_dir():
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ConfigurationError(
            f"verify={str(verify)!r} holds no certificates that can be read: {error}"
        ) from None


def _present_certificate(context: ssl.SSLContext, cert: Cert) -> None:
    """Let the client show a certificate of its own."""
    file, *rest = cert if isinstance(cert, tuple) else (cert,)
    key = rest[0] if rest else None
    passphrase = str(rest[1]) if len(rest) > 1 else ""
    try:
        # Without a function, the library would ask for a passphrase on the terminal, and wait.
        context.load_cert_chain(file, key, lambda: passphrase)
    except OSError as error:
        raise ConfigurationError(
            f"cert: no certificate with its private key can be read from {str(file)!r}"
            f"{f' and {str(key)!r}' if key else ''}: {error}; give a PEM file that has both, or "
            "(certificate, key), or (certificate, key, passphrase)"
        ) from None
    check_access(Path(key or file), f"cert={str(key or file)!r}", is_secret=True)


# By the numbers that OpenSSL gives to what is wrong with a certificate.
EXPIRED = 10
ADVICE = {
    9: (
        "the server's certificate is not valid yet: set the clock of this machine, or tell who "
        "runs the server"
    ),
    EXPIRED: (
        "the server's certificate has expired: tell who runs the server to renew it, and look "
        "whether the clock of this machine is right"
    ),
    18: (
        "the server's certificate is signed by itself: get its file from who runs the server, and "
        "give it as verify='path/to/server.pem'"
    ),
    62: (
        "the server's certificate is for another name: give the client the address that it is for, "
        "or tell who runs the server"
    ),
}
ADVICE[64] = ADVICE[62]  # another IP address
# Flaws of form, such as a missing identifier, that only a strict look notices.
NOT_STANDARD = (
    "the server's certificate, or that of its authority, is not made to the standard, which Python "
    "3.13 and later insist on: have it made anew, or give as verify= an ssl.SSLContext that trusts "
    "its authority and whose verify_flags lack ssl.VERIFY_X509_STRICT"
)

ADVICE.update(dict.fromkeys(range(80, 94), NOT_STANDARD))


UNKNOWN = (
    "the server's certificate comes from an authority that is not known here: get the authority's "
    "certificate from who runs the server or the network, and give it as verify='path/to/ca.pem'"
)
PLAIN = (
    "what answers at this port does not speak TLS: is the port right, or does the address begin "
    "with http://?"
)
NO_CERTIFICATE = (
    "the server wants a certificate from the client, or another one: give it as cert=, a PEM file "
    "with certificate and key"
)
OTHER = "TLS failed on the way: look whether the server, or a proxy, speaks TLS 1.2 or later"
PLAIN_REASONS = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"}
)


def describe_tls_error(error: BaseException) -> str | None:
    """Return what is wrong with a secure connection."""
    cause = _cause(error)
    if cause is None:
        return None
    if isinstance(cause, ssl.SSLCertVerificationError):
        found = getattr(cause, "verify_message", str(cause)).rstrip(".")
        return f"{ADVICE.get(getattr(cause, 'verify_code', 0), UNKNOWN)} ({found})"
    reason = cause.reason or ""
    if reason in PLAIN_REASONS:
        advice = PLAIN
    elif "ALERT" in reason and ("CERTIFICATE" in reason or "HANDSHAKE" in reason or "CA" in reason):
        advice = NO_CERTIFICATE
    else:
        advice = OTHER
    return f"{advice} ({reason or cause})"


def _cause(error: BaseException | None) -> ssl.SSLError | None:
    """Find what went wrong with TLS among what led to an error; not that the line went dead."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, ssl.SSLError):
            broke = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
            return None if broke else error
        error = error.__cause__ or error.__context__
    return None
