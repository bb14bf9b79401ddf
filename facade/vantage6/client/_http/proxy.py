"""Proxies: choose one, and check its address."""

from __future__ import annotations

import urllib.request
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from vantage6.bindings.secret import Secret

from ..errors import ConfigurationError, MissingDependencyError
from .address import is_loopback
from .tls import ssl_context

if TYPE_CHECKING:
    from .route import Route

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


def check_proxy(proxy: object, source: str) -> str:
    """Return the address of a proxy, or reject it without showing it."""
    if not isinstance(proxy, str) or not _is_proxy(
        proxy
    ):  # a separate function: its variables would be in the traceback
        raise ConfigurationError(
            f"{source}: expected the address of a proxy, such as 'http://proxy.example:3128', got "
            "something else. It can begin with "
            f"{', '.join(f'{scheme}://' for scheme in PROXY_SCHEMES)}."
        )
    return proxy


def _is_proxy(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy)
        return parts.scheme in PROXY_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def proxy_for(url: str, route: Route) -> str | None:
    """Return the proxy for an address, from the route or the environment; None for none."""
    if route.proxy is False:
        return None
    where = urlsplit(url)
    proxy, source = route.proxy, "proxy"
    if proxy is None:
        if is_loopback(where.hostname or "") or urllib.request.proxy_bypass(where.netloc):
            return None
        known = {name: Secret(text) for name, text in urllib.request.getproxies().items()}
        proxy = known.get(where.scheme) or known.get("all")
        source = f"{where.scheme.upper()}_PROXY or ALL_PROXY"
        if not proxy:
            return None
        proxy = proxy if "://" in proxy else Secret(f"http://{proxy}")
    return _check_supported(proxy, source)


def _check_supported(proxy: str, source: str) -> str:
    check_proxy(proxy, source)
    if proxy.startswith("socks") and not find_spec("socksio"):
        raise MissingDependencyError(
            "a SOCKS proxy requires a library that is not installed: "
            "pip install 'vantage6-sdk[socks]'"
        )
    return proxy


def socket_options(url: str, route: Route) -> dict[str, object]:
    """Return the options of a websocket with the same certificates and proxy."""
    options: dict[str, object] = {}
    if url.startswith("https:"):
        options["sslopt"] = {"context": ssl_context(url, route)}
    proxy = urlsplit(proxy_for(url, route) or "")
    if not proxy.hostname:
        # The library would use the proxy of the environment.
        return options | {"http_proxy_host": "none", "http_proxy_port": 1, "http_no_proxy": ["*"]}
    if proxy.scheme == "https":  # the library would send the login to it before any TLS
        raise ConfigurationError("proxy: expected one that can carry events, got an https:// proxy")
    options["http_proxy_host"] = proxy.hostname
    options["http_proxy_port"] = proxy.port or (1080 if proxy.scheme.startswith("socks") else 80)
    options["http_no_proxy"] = ["none.invalid"]  # overrides NO_PROXY
    if proxy.scheme.startswith("socks"):
        options["proxy_type"] = "socks5h"
    if proxy.username is not None:
        options["http_proxy_auth"] = unquote(proxy.username), unquote(proxy.password or "")
    return options
