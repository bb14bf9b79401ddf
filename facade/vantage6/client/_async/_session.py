"""What the client and its resources share: the connection, the login and the chosen defaults."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from vantage6.bindings.server import calls

from .._call import read
from .._identity import Tokens, WhoAmI, credentials, login_answer
from .._listing import PAGE_SIZE, SORT, Listing, Rows, whole
from ..errors import LoginFailed, NotAuthenticated

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from vantage6.bindings.call import Call

    from .._listing import PageOf
    from .._settings import Address, Timeouts
    from .._transport import Verify

T = TypeVar("T")
Row = TypeVar("Row")


class Session:
    """The state of one client.

    Parameters
    ----------
    address : Address
        Where the API is.
    timeouts : Timeouts
        How long each part of a request may take.
    verify : bool or path
        Whose certificates to trust.

    Attributes
    ----------
    collaboration_id : int or None
        The collaboration for methods that are not given one.
    private_key : RSAPrivateKey or None
        The key of the user's organization.
    """

    def __init__(self, address: Address, timeouts: Timeouts, verify: Verify) -> None:
        # Here and not above, so that importing the package stays fast.
        from .._auth import BearerAuth
        from .._transport import AsyncHttp

        self.address = address
        self.auth = BearerAuth(address.url)
        self.http = AsyncHttp(address.url, timeouts, verify, self.auth)
        self.collaboration_id: int | None = None
        self.private_key: RSAPrivateKey | None = None
        self._whoami: WhoAmI | None = None

    @property
    def whoami(self) -> WhoAmI:
        """The user who is logged in; NotAuthenticated if there is none."""
        if self._whoami is None:
            raise NotAuthenticated("nobody is logged in on this client: call authenticate() first")
        return self._whoami

    async def login(self, username: str, password: str, mfa_code: str | int | None) -> WhoAmI:
        """Log in, and find out who that is.

        Parameters
        ----------
        username, password : str
            The account.
        mfa_code : str or int, optional
            The current two-factor code.

        Returns
        -------
        WhoAmI
            The user.
        """
        call = calls.create_user_token(credentials(username, password, mfa_code))
        body = read(call, await self.http.exchange(call, signed=False), refused=LoginFailed)
        tokens = Tokens.of(login_answer(body), monotonic())
        before, self._whoami = self._whoami, None
        self.auth.tokens = tokens
        user = await self.send(calls.get_user(tokens.user_id))
        if user["organization"] is None:
            raise NotAuthenticated(f"user {username!r} belongs to no organization")
        organization = await self.send(calls.get_organization(user["organization"]["id"]))
        self._whoami = WhoAmI(
            type_="user",
            id_=user["id"],
            name=user["firstname"] or username,
            organization_name=organization["name"] or "",
            organization_id=organization["id"],
        )
        if before and before.organization_id != organization["id"]:
            self.private_key = None  # it belongs to the organization of the last login
        return self._whoami

    async def send(self, call: Call[T]) -> T:
        """Send one request.

        Parameters
        ----------
        call : Call of T
            What to send.

        Returns
        -------
        T
            The body of the answer.
        """
        return read(call, await self.http.exchange(call))

    async def rows(
        self,
        listing: Listing[PageOf[Row]],
        page: int | None = None,
        per_page: int | None = None,
    ) -> Rows[Row]:
        """Get the rows of a listing.

        Parameters
        ----------
        listing : Listing
            The list operation, its filters filled in.
        page, per_page : int, optional
            The one page to get; all pages if neither is given.

        Returns
        -------
        Rows
            The rows.
        """
        if page is not None or per_page is not None:
            call = listing(page=page, per_page=per_page, sort=SORT)
            answer = await self.http.exchange(call)
            body = read(call, answer)
            return Rows(body["data"], body["links"], answer.total)
        number = 1
        first = body = await self.send(listing(page=number, per_page=PAGE_SIZE, sort=SORT))
        found = list(first["data"])
        while "next" in body["links"]:
            number += 1
            body = await self.send(listing(page=number, per_page=PAGE_SIZE, sort=SORT))
            found += body["data"]
        return whole(found, first["links"])
