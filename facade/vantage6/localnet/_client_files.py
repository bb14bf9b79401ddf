"""What clients store on this machine about the address of a network."""

import contextlib
import logging
import time
from collections.abc import Generator, Sequence
from urllib.parse import urlsplit

from vantage6.bindings.secret import SecretBytes
from vantage6.client._storage.files import atomic_write, file_lock, read_text
from vantage6.localnet import _api

_log = logging.getLogger("vantage6.localnet")


@contextlib.contextmanager
def own_address(url: str, api_path: str = _api.API_PATH) -> Generator[None]:
    """Set aside the keys that are known for an address; at the end, forget those of the network."""
    # A network has new keys, and may use the port of an earlier one. What was known before is
    # restored: the port may otherwise lead to another server, such as through a tunnel.
    port = urlsplit(url).port
    servers = [f"http://{host}:{port}{api_path}" for host in (_api.HOST, "localhost")]
    started = time.time()
    earlier = _replace_known_keys(servers, ())
    try:
        yield
    finally:
        _replace_known_keys(servers, earlier)
        _delete_logins(servers, started)


def _replace_known_keys(servers: Sequence[str], lines: Sequence[str]) -> Sequence[str]:
    """Replace the lines of servers in the user's file of known keys, and return the old lines."""
    from vantage6.client._encryption.trust import Trust
    from vantage6.client.errors import ConfigurationError

    path = Trust(servers[0], "off", None).path.resolve()
    try:
        if not path.exists() and not lines:
            return ()
        with file_lock(path):
            all_lines = read_text(path).splitlines()
            old = [line for line in all_lines if line.startswith(tuple(f"{s} " for s in servers))]
            if old != lines:
                kept = [line for line in all_lines if line not in old]
                with atomic_write(path) as file:
                    file.write("".join(f"{line}\n" for line in [*kept, *lines]).encode())
            return old
    except (OSError, ConfigurationError) as error:
        _log.warning("%s: keys of the local network cannot be removed: %s", path, error)
        return ()


def _delete_logins(servers: Sequence[str], since: float) -> None:
    """Delete the logins that were saved for servers since a time."""
    from vantage6.client._auth.saved_login import delete_login, logins_folder, parse_login
    from vantage6.client.errors import ConfigurationError

    for host in (urlsplit(server).hostname for server in servers):
        for path in logins_folder().glob(f"{host}-*.json"):
            with contextlib.suppress(OSError, ConfigurationError):
                login = parse_login(SecretBytes(path.read_bytes()), path)
                if login.server in servers and login.saved_at >= since:
                    delete_login(path)
