"""Errors of a contract build, with the overlay path of each."""


class ContractError(Exception):
    """Facts and overlay disagree; the message contains the overlay path."""


class ErrorCollector:
    """Collects contract errors, so that one build reports all of them."""

    def __init__(self):
        self.found = []

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if isinstance(error, ContractError):
            self.found.append(str(error))
            return True
        return False

    def raise_all(self):
        """Raise all collected errors as one."""
        if self.found:
            raise ContractError("\n".join(self.found))


class OverlayPath:
    """Path of an overlay entry, for error messages."""

    def __init__(self, *parts):
        self.parts = parts

    def __truediv__(self, part):
        return OverlayPath(*self.parts, part)

    def raise_error(self, message):
        raise ContractError(f"{' / '.join(map(str, self.parts))}: {message}")
