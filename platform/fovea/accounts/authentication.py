"""How a request says who it is: a session cookie (with CSRF check) or `Authorization: Bearer <token>`."""

from rest_framework import authentication


class SessionAuthentication(authentication.SessionAuthentication):
    """Django's session; a missing sign-in is a 401 in the one error shape."""

    def authenticate_header(self, request):
        """Make REST framework answer 401 rather than 403."""
        return "Session"


class TokenAuthentication(authentication.BaseAuthentication):
    """Replaced by the accounts work in progress."""

    def authenticate(self, request):
        """No token is known yet."""
        return None
