"""How many requests a client makes: what its HTTP library logs of each. For contestants."""

import logging


class Count(logging.Handler):
    """Counts the requests from its making on.

    `ours` tells httpx, which this client uses, from urllib3, which the official one does.
    """

    def __init__(self, *, ours):
        super().__init__()
        self.requests = 0
        self._word = "HTTP Request" if ours else "HTTP/1.1"
        logger = logging.getLogger("httpx" if ours else "urllib3.connectionpool")
        logger.setLevel(logging.INFO if ours else logging.DEBUG)
        logger.addHandler(self)

    def emit(self, record):
        self.requests += self._word in record.getMessage()
