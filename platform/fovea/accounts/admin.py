"""People and keys in the Django admin. No digest is ever shown."""

from typing import cast

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from fovea.accounts import services
from fovea.accounts.models import ApiToken, SignInFailure, SignInLink, User
from fovea.core.admin import ReadOnlyAdmin


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People."""

    list_display = ["username", "display_name", "is_superuser", "is_active", "last_login"]
    fieldsets = (
        (None, {"fields": ["username", "password", "display_name"]}),
        ("Rights", {"fields": ["is_active", "is_superuser", "is_staff"]}),
        ("Preferences", {"fields": ["preferences"]}),
    )
    filter_horizontal = ()


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens: to see and to revoke."""

    list_display = [
        "prefix",
        "name",
        "user",
        "scope",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    ]
    list_filter = ["scope"]
    exclude = ["digest"]
    actions = ["revoke"]

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """End the chosen tokens."""
        for token in queryset.filter(revoked_at=None):
            services.token_revoke(actor=cast(User, request.user), token_id=token.pk)


@admin.register(SignInLink)
class SignInLinkAdmin(ReadOnlyAdmin):
    """One-time links."""

    list_display = ["user", "expires_at", "used_at"]
    exclude = ["digest"]


@admin.register(SignInFailure)
class SignInFailureAdmin(ReadOnlyAdmin):
    """Wrong passwords of late; removing them ends a lock-out."""

    list_display = ["at", "username", "address"]

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Site admins may."""
        return bool(getattr(request.user, "is_superuser", False))
