"""How people get in."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitedPeopleOnly(DefaultAccountAdapter):
    """Nobody signs up by herself; the operating team makes the first owner of a tenant."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Closed."""
        return False
