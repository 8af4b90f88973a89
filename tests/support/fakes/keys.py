"""Private keys for fakes whose vendor signs in with one; made for the run of the tests, and none of them anybody's."""

import json
import re
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

PEM = re.compile(r"-----BEGIN (?P<kind>[A-Z ]*)PRIVATE KEY-----.*?-----END (?P=kind)PRIVATE KEY-----", re.S)
SPARE = 0  # the number of the key that no server knows


@cache
def rsa_key(number: int = 1) -> rsa.RSAPrivateKey:
    """The same key whenever the same number is asked for, within one process."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def ed25519_key(number: int = 1) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def pem(key, form=serialization.PrivateFormat.PKCS8) -> str:
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def other_key(secret: str) -> str:
    """The secret with another private key of its kind in the place of its own; it may stand in JSON, escaped."""
    escaped = "\\n" in secret
    text = json.loads(f'"{PEM.search(secret).group()}"') if escaped else PEM.search(secret).group()
    if "OPENSSH" in text:
        form, load = serialization.PrivateFormat.OpenSSH, serialization.load_ssh_private_key
    else:
        plain = "RSA PRIVATE" in text
        form = serialization.PrivateFormat.TraditionalOpenSSL if plain else serialization.PrivateFormat.PKCS8
        load = serialization.load_pem_private_key
    own = load((text + "\n").encode(), None)
    other = pem(rsa_key(SPARE) if isinstance(own, rsa.RSAPrivateKey) else ed25519_key(SPARE), form).strip()
    return PEM.sub(lambda _: json.dumps(other)[1:-1] if escaped else other, secret)
