"""Signing in and out, and one's own account."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from fovea.accounts import services
from fovea.accounts.models import ApiToken
from fovea.core.errors import FoveaError
from fovea.pages.door import actor_of, page


def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in form."""
    target = request.POST.get("next") or request.GET.get("next") or "/"
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    if request.user.is_authenticated:
        return redirect(target)
    context = {"next": target, "username": request.POST.get("username", "")}
    if request.method == "POST":
        try:
            services.sign_in(request, context["username"], request.POST.get("password", ""))
            return redirect(target)
        except FoveaError as error:
            context["error"] = error.message
            return render(request, "pages/sign_in.html", context, status=error.status)
    return render(request, "pages/sign_in.html", context)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    services.sign_out(request)
    return redirect("sign_in")


@page
def account(request: HttpRequest) -> HttpResponse:
    """One's name, password and API tokens."""
    actor = actor_of(request)
    new_token = ""
    post = request.POST
    match post.get("action"):
        case "name":
            services.user_update(actor=actor, user=actor, display_name=post.get("display_name", ""))
            return _saved(request, "Saved.")
        case "password":
            services.password_change(request, post.get("current", ""), post.get("new", ""))
            return _saved(request, "Your password is changed.")
        case "token":
            days = int(post["days"]) if post.get("days", "").isdigit() else None
            name, scope = post.get("name", ""), post.get("scope", "read")
            _, new_token = services.token_create(actor=actor, name=name, scope=scope, days=days)
        case "revoke":
            services.token_revoke(actor=actor, token_id=int(post.get("token", "0")))
            return _saved(request, "The token works no more.")
    tokens = ApiToken.objects.filter(user=actor, revoked_at=None)
    return render(request, "pages/account.html", {"tokens": tokens, "new_token": new_token})


def _saved(request: HttpRequest, message: str) -> HttpResponse:
    messages.success(request, message, extra_tags="ok")
    return redirect("account")
