"""TLS: trusted certificates, the client certificate, and error messages."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING, cast

from vantage6.bindings.secret import Secret

from .._storage.files import file_path
from .._storage.permissions import check_access
from .._utils.warnings import warn
from ..errors import ConfigurationError
from .library import httpx

if TYPE_CHECKING:
    from .route import Cert, FilePath, Route


def ssl_context(url: str, route: Route) -> ssl.SSLContext:
    """Return the TLS context for an address."""
    if not url.startswith("https:"):
        # Loading certificates takes time. If TLS is used after all, this context trusts nothing.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if isinstance(route.verify, ssl.SSLContext):
        if route.cert is not None:
            raise ConfigurationError(
                "cert: expected None with an SSLContext as verify, got a certificate. Load it into "
                "the SSLContext, with load_cert_chain()."
            )
        return cast("ssl.SSLContext", _CallersContext(route.verify))
    context = _verifying_context(route.verify)
    if route.cert is not None:
        _present_certificate(context, route.cert)
    return context


class _CallersContext:
    """An SSLContext of the caller, without the changes that HTTP libraries make to contexts."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.wrap_socket, self.wrap_bio = context.wrap_socket, context.wrap_bio

    def set_alpn_protocols(self, protocols: list[str]) -> None:
        """Ignore the protocols: servers use HTTP/1.1 if a client names none."""


def warn_if_unverified(url: str, route: Route) -> None:
    """Warn if the certificates of an address are not verified."""
    if route.verify is False and url.startswith("https:"):
        warn(
            f"verify=False: the certificate of {url} is not checked. Anyone on the network path "
            "can read and change the traffic."
        )


def _verifying_context(verify: bool | FilePath) -> ssl.SSLContext:
    source = "verify"
    if verify is True and (variables := _set_variables(*BUNDLES)):
        source, verify = variables[0], os.environ[variables[0]]
    if isinstance(verify, bool):
        return httpx.create_ssl_context(verify)
    path = file_path(verify, source)
    check_access(path, f"{source}={str(verify)!r}")
    try:
        if path.is_dir():
            for file in path.iterdir():
                check_access(file, f"{source}={str(file)!r}")
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ConfigurationError(
            f"{source}: expected a file or folder of certificates, got {str(verify)!r}: {error}"
        ) from None


def _set_variables(*names: str) -> list[str]:
    return [name for name in names if os.environ.get(name)]


def _present_certificate(context: ssl.SSLContext, cert: Cert) -> None:
    """Load the client certificate."""
    file, *rest = cert if isinstance(cert, tuple) else (cert,)
    file = file_path(file, "cert")
    key = file_path(rest[0], "cert") if rest else None
    passphrase = Secret(rest[1]) if len(rest) > 1 else ""
    try:
        # Without a function, the library would prompt for a passphrase on the terminal.
        context.load_cert_chain(file, key, lambda: passphrase)
    except OSError as error:
        raise ConfigurationError(
            f"cert: no certificate with its private key can be read from {str(file)!r}"
            f"{f' and {str(key)!r}' if key else ''}: {error}. Pass a PEM file that contains both, "
            "or (certificate, key), or (certificate, key, passphrase)."
        ) from None
    if key:
        check_access(file, f"cert={str(file)!r}")
    check_access(key or file, f"cert={str(key or file)!r}", is_secret=True)


# Variables that name trusted certificates where `verify` does not: those that `requests` heeds, and
# with it the official client, then those of Python.
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
DEFAULTS = ("SSL_CERT_FILE", "SSL_CERT_DIR")

# Advice by OpenSSL's number of the verification error.
EXPIRED = 10
ADVICE = {
    9: (
        "the server's certificate is not valid yet. Check the clock of this computer, or contact "
        "the administrator of the server"
    ),
    EXPIRED: (
        "the server's certificate has expired. Ask the administrator of the server to renew it, "
        "and check the clock of this computer"
    ),
    18: (
        "the server's certificate is self-signed. Get its file from the administrator of the "
        "server, and pass it as verify='path/to/server.pem'"
    ),
    62: (
        "the server's certificate is for another name. Use the address that it is for, or contact "
        "the administrator of the server"
    ),
}
ADVICE[64] = ADVICE[62]  # another IP address
# Errors of form, such as a missing identifier, which only strict checks report.
NOT_STANDARD = (
    "the server's certificate, or that of its authority, does not conform to the standard, as "
    "Python 3.13 and later require. Have it reissued, or pass as verify= an ssl.SSLContext that "
    "trusts its authority and whose verify_flags lack ssl.VERIFY_X509_STRICT"
)

ADVICE.update(dict.fromkeys(range(80, 94), NOT_STANDARD))


UNKNOWN = (
    "the server's certificate comes from an unknown authority. Get the certificate of the "
    "authority from the administrator of the server or the network, and pass it as "
    "verify='path/to/ca.pem'"
)
PLAIN = (
    "the server does not speak TLS at this port. Check the port, or use an address that begins "
    "with http://"
)
NO_CERTIFICATE = (
    "the server requires a client certificate, or a different one. Pass it as cert=, a PEM file "
    "with certificate and key"
)
OTHER = "TLS failed. Check whether the server, or a proxy, speaks TLS 1.2 or later"
PLAIN_REASONS = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"}
)


def describe_tls_error(error: BaseException) -> str | None:
    """Return a description of a TLS error, with advice; None for any other error."""
    cause = _cause(error)
    if cause is None:
        return None
    if isinstance(cause, ssl.SSLCertVerificationError):
        found = getattr(cause, "verify_message", str(cause)).rstrip(".")
        advice = f"{ADVICE.get(getattr(cause, 'verify_code', 0), UNKNOWN)} ({found})"
        for name in _set_variables(*BUNDLES, *DEFAULTS)[:1]:
            advice += f". Without verify=, {name}={os.environ[name]!r} decides what is trusted"
        return advice
    reason = cause.reason or ""
    if reason in PLAIN_REASONS:
        advice = PLAIN
    elif "ALERT" in reason and ("CERTIFICATE" in reason or "HANDSHAKE" in reason or "CA" in reason):
        advice = NO_CERTIFICATE
    else:
        advice = OTHER
    return f"{advice} ({reason or cause})"


def _cause(error: BaseException | None) -> ssl.SSLError | None:
    """Return the TLS error that led to an error, unless the connection was just closed."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, ssl.SSLError):
            broke = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
            return None if broke else error
        error = error.__cause__ or error.__context__
    return None
