"""What is wrong with a secure connection, and what to do about it (pure)."""

from __future__ import annotations

import ssl

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
LAX = (
    "the server's certificate, or that of its authority, is not made to the standard, which Python "
    "3.13 and later insist on: have it made anew, or give as verify= an ssl.SSLContext that trusts "
    "its authority and whose verify_flags lack ssl.VERIFY_X509_STRICT"
)
ADVICE.update(dict.fromkeys(range(80, 94), LAX))
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
ELSE = "TLS failed on the way: look whether the server, or a proxy, speaks TLS 1.2 or later"
PLAIN_REASONS = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"}
)


def tls_flaw(error: BaseException) -> str | None:
    """Say what is wrong with a secure connection.

    Parameters
    ----------
    error : BaseException
        What was raised.

    Returns
    -------
    str or None
        What is wrong, and what to do; None where TLS is not to blame, as when the connection
        breaks.
    """
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
        advice = ELSE
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
