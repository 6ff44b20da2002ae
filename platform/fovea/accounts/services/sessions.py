"""Signing in and out, and the password."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpRequest

from fovea.accounts.models import SignInFailure, User
from fovea.accounts.signals import account_event
from fovea.core.errors import Invalid, NotSignedIn, TooMany

LOCK_OUT = timedelta(minutes=15)
TRIES_PER_ADDRESS = 5  # wrong passwords for one name from one address
TRIES_PER_NAME = 50  # … from everywhere, so that many addresses do not help, and one does not lock others out
_WRONG = "The name or the password is wrong."


def sign_in(request: HttpRequest, username: str, password: str) -> User:
    """Check name and password and open a session with a new key (no fixation).

    Raises NotSignedIn (401) when they are wrong, TooMany (429) after too many wrong ones within LOCK_OUT.
    """
    attempt = _attempt_begin(request, username)
    user = authenticate(request, username=username[:150], password=password[:4096])
    if user is None:
        raise NotSignedIn(_WRONG, code="wrong_password")
    _attempts_forget(attempt)
    return _open(request, cast(User, user), "session.open")


def session_open(request: HttpRequest, user: User, action: str) -> User:
    """Open a session for a person who has shown who they are in another way (a one-time link)."""
    return _open(request, user, action)


def sign_out(request: HttpRequest) -> None:
    """End the session, if there is one."""
    user = request.user
    logout(request)
    if user.is_authenticated:
        _tell(cast(User, user), "session.close")


def password_change(request: HttpRequest, current: str, new: str) -> None:
    """Give the person signed in a new password; their other sessions end, this one goes on.

    Raises Invalid with `details.fields` when the current one is wrong or the new one too weak; TooMany as for `sign_in`.
    """
    user = cast(User, request.user)
    attempt = _attempt_begin(request, user.username)
    if user.has_usable_password() and not user.check_password(current):
        raise Invalid(
            "The current password is wrong.", fields={"current_password": ["The current password is wrong."]}
        )
    _attempts_forget(attempt)
    password_check(new, user, field="new_password")
    with transaction.atomic():
        user.set_password(new)
        user.save(update_fields=["password"])
        _tell(user, "password.change")
    update_session_auth_hash(request, user)


def password_check(password: str, user: User, *, field: str = "password") -> None:
    """Raise Invalid with `details.fields` when the password is too weak for the person."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(
            "Choose another password: " + " ".join(error.messages), fields={field: error.messages}
        ) from None


def _open(request: HttpRequest, user: User, action: str) -> User:
    request.session.flush()
    with transaction.atomic():
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        _tell(user, action)
    return user


def _attempt_begin(request: HttpRequest, username: str) -> SignInFailure:
    """Count this try as a wrong one before looking, so that many at once do not slip through; a right one is forgotten."""
    attempt = SignInFailure.objects.create(
        username=username[:150].casefold()[:150], address=request.META.get("REMOTE_ADDR") or None
    )
    recent = SignInFailure.objects.filter(username=attempt.username, at__gt=Now() - LOCK_OUT)
    here = recent.filter(address=attempt.address).count()
    if here > TRIES_PER_ADDRESS or recent.count() > TRIES_PER_NAME:
        attempt.delete()
        minutes = int(LOCK_OUT.total_seconds() // 60)
        raise TooMany(
            f"Too many wrong passwords: wait {minutes} minutes, or ask a site admin for a sign-in link.",
            code="locked_out",
            retry_after=minutes * 60,
        )
    return attempt


def _attempts_forget(attempt: SignInFailure) -> None:
    SignInFailure.objects.filter(username=attempt.username, address=attempt.address).delete()
    SignInFailure.objects.filter(at__lt=Now() - timedelta(days=1)).delete()


def _tell(user: User, action: str) -> None:
    account_event.send(sender=User, actor=user, action=action, target=f"user:{user.pk}", details={})
