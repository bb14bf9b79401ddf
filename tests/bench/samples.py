"""Data to send and receive. For contestants."""


def json_of(size):
    """Make JSON of a size, with numbers in it as results have."""
    numbers = b"0.123456789, 17, " * (size // 17 - 2)
    return b'{"values": [' + numbers + b"1" * (size - len(numbers) - 14) + b"]}"
