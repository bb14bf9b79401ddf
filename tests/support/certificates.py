"""Certificates created for one test, and the authority that signs them."""

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
NAME = "server.example"

# The possible uses of a key; a certificate must specify all of them.
USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class CertificateAuthority:
    """A certificate authority for tests."""

    def __init__(self, folder: Path, name: str = "test authority") -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._sign(_name(name), self._key, [], NOW - DAY, NOW + DAY, ca=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._pem(self._certificate))

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        names: list[str],
        begins: datetime.datetime,
        ends: datetime.datetime,
        *,
        ca: bool = False,
        by_itself: bool = False,
        to_standard: bool = True,
    ) -> x509.Certificate:
        signer = key if by_itself else self._key
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if by_itself else _name(self._name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if to_standard:  # Python 3.13 requires these
            own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
            by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
            builder = builder.add_extension(own, critical=False).add_extension(by, critical=False)
        if ca:
            uses = dict.fromkeys(USES, False) | {"key_cert_sign": True}
            builder = builder.add_extension(x509.KeyUsage(**uses), critical=True)
        if names:
            also = [
                x509.IPAddress(ipaddress.ip_address(name))
                if name[0].isdigit()
                else x509.DNSName(name)
                for name in names
            ]
            builder = builder.add_extension(x509.SubjectAlternativeName(also), critical=False)
        return builder.sign(signer, hashes.SHA256())

    @staticmethod
    def _pem(certificate: x509.Certificate) -> bytes:
        return certificate.public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        *names: str,
        begins: datetime.datetime = NOW - DAY,
        ends: datetime.datetime = NOW + DAY,
        by_itself: bool = False,
        to_standard: bool = True,
        passphrase: str | None = None,
    ) -> tuple[Path, Path]:
        """Create a certificate and its key, and return their files."""
        key = ec.generate_private_key(ec.SECP256R1())
        how = {"by_itself": by_itself, "to_standard": to_standard}
        certificate = self._sign(_name(names[0]), key, list(names), begins, ends, **how)
        stem = self._folder / f"{certificate.serial_number}"
        stem.with_suffix(".crt").write_bytes(self._pem(certificate))
        locked = (
            serialization.BestAvailableEncryption(passphrase.encode())
            if passphrase
            else serialization.NoEncryption()
        )
        stem.with_suffix(".key").write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
        )
        stem.with_suffix(".key").chmod(0o600)
        return stem.with_suffix(".crt"), stem.with_suffix(".key")

    def context(self, files: tuple[Path, Path], clients: Path | None = None) -> ssl.SSLContext:
        """Return a TLS context for a server, which may require client certificates."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)
        return context
