"""How django-allauth keeps second factors here: its secrets are concealed under a key of the house."""

from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.base_user import AbstractBaseUser

from minjing.kernel.identity.sealing import conceal, reveal

PURPOSE = "mfa_authenticator.secret"


class Adapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Conceals secrets and names accounts by their login."""

    def encrypt(self, text: str) -> str:
        """Return the secret concealed."""
        return conceal(PURPOSE, text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret."""
        return reveal(PURPOSE, encrypted_text)

    def _get_user_identifier(self, user: AbstractBaseUser) -> str:
        return user.get_username()
