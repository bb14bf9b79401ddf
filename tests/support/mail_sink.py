"""A mail server on loopback that keeps every message."""

import asyncio
import re
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope

TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+")


class MailSink:
    """A mail server that runs while entered.

    Attributes
    ----------
    address : tuple of (str, int)
        Host and port.
    """

    address: tuple[str, int]

    def __init__(self) -> None:
        self._mails: list[EmailMessage] = []
        self._arrived = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> "MailSink":
        serve = self._loop.create_server(lambda: SMTP(self, loop=self._loop), "127.0.0.1", 0)
        self._server = self._loop.run_until_complete(serve)
        self.address = self._server.sockets[0].getsockname()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        """Keep a message; called by aiosmtpd."""
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        with self._arrived:
            self._mails.append(mail)
            self._arrived.notify_all()
        return "250 OK"

    def text_for(self, recipient: str, subject: str, seconds: float = 60) -> str:
        """Wait for a message with this subject, and return its text."""
        with self._arrived:
            found = self._arrived.wait_for(lambda: self._find(recipient, subject), seconds)
        assert found, f"no mail {subject!r} for {recipient} within {seconds} s"
        return found[-1]

    def has(self, recipient: str, subject: str) -> bool:
        """Return whether such a message has arrived."""
        with self._arrived:
            return bool(self._find(recipient, subject))

    def token_for(self, recipient: str, subject: str) -> str:
        """Wait for a message, and return the token in it."""
        (token,) = TOKEN.findall(self.text_for(recipient, subject))
        return str(token)

    def _find(self, recipient: str, subject: str) -> list[str]:
        return [
            mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # they all have one
            for mail in self._mails
            if mail["to"] == recipient and subject in mail["subject"]
        ]
