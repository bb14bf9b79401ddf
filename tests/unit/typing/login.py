"""Types of logging in, for type checkers only; never run."""

from typing_extensions import assert_type

from vantage6.client import AsyncClient, Client, TwoFactorSetupRequiredError, WhoAmI, show_qr


def supply() -> int:
    return 123456


async def supply_later() -> str:
    return "123456"


def codes(client: Client) -> None:
    client.authenticate("ada", "password")
    client.authenticate("ada", "password", "123456")
    client.authenticate("ada", "password", mfa_code=supply)
    client.authenticate("ada", "password", lambda: input("Code: "))
    client.authenticate("ada", "password", supply_later)  # type: ignore[arg-type]  # nobody waits
    client.authenticate("ada", "password", 12.5)  # type: ignore[arg-type]
    assert_type(client.whoami, WhoAmI)


async def codes_later(client: AsyncClient) -> None:
    await client.authenticate("ada", "password", 123456)
    await client.authenticate("ada", "password", supply)
    await client.authenticate("ada", "password", supply_later)


def setup(client: Client) -> None:
    try:
        client.authenticate("ada", "password")
    except TwoFactorSetupRequiredError as error:
        assert_type(error.uri, str)
        error.show_qr()
    show_qr(client.util.set_two_factor_auth("token")["qr_uri"])
