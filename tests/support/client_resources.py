"""The resources of a client, for tests of all of them."""

from collections.abc import Iterator


def client_resources(owner: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Yield the client, its resources and those below them, by their dotted names."""
    yield name, owner
    for member, value in vars(owner).items():
        if not member.startswith("_"):
            yield from client_resources(value, f"{name}{member}.")
