"""Addresses below /api/v1/."""

from django.urls import path

from fovea.accounts.api.session import MeView, PasswordView, SessionView
from fovea.accounts.api.tokens import TokenListView, TokenView
from fovea.accounts.api.users import UserLinkView, UserListView, UserView

urlpatterns = [
    path("session/", SessionView.as_view(), name="session"),
    path("session/password/", PasswordView.as_view(), name="session_password"),
    path("me/", MeView.as_view(), name="me"),
    path("tokens/", TokenListView.as_view(), name="tokens"),
    path("tokens/<int:token_id>/", TokenView.as_view(), name="token"),
    path("users/", UserListView.as_view(), name="users"),
    path("users/<int:user_id>/", UserView.as_view(), name="user"),
    path("users/<int:user_id>/link/", UserLinkView.as_view(), name="user_link"),
]
