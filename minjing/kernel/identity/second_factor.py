"""How django-allauth keeps second factors here: its secrets are sealed under a key of the house."""

import base64
import os

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.contrib.auth.base_user import AbstractBaseUser

from minjing.kernel.identity.sealing import NONCE_BYTES, derived_key

CONTEXT = b"mfa_authenticator.secret"


class Adapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seals secrets and names accounts by their login."""

    def encrypt(self, text: str) -> str:
        """Return the secret sealed, as text."""
        nonce = os.urandom(NONCE_BYTES)
        return base64.b64encode(nonce + AESGCM(derived_key("mfa")).encrypt(nonce, text.encode(), CONTEXT)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret."""
        blob = base64.b64decode(encrypted_text)
        return AESGCM(derived_key("mfa")).decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], CONTEXT).decode()

    def _get_user_identifier(self, user: AbstractBaseUser) -> str:
        return user.get_username()
