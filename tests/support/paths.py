"""Folders and files that several kinds of tests read."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
OPENAPI = ROOT / "openapi"
DATA = Path(__file__).with_name("data")
# Names, parameters and defaults of the official client.
OFFICIAL_SURFACE = DATA / "official-surface.json"
# Messages encrypted by other implementations, and the key that decrypts them.
VECTORS = DATA / "vectors"
VECTORS_KEY = VECTORS / "throwaway-key.pem"
# The private key of the first organization on the cassettes with encryption.
RECORDED_KEY = DATA / "recorded-key.pem"
