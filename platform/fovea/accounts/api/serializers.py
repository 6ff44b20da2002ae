"""Shapes of people and tokens."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from fovea.accounts.models import TOKEN_SCOPES, ApiToken, User


class PersonSerializer(serializers.ModelSerializer[User]):
    """What others see of a person."""

    class Meta:
        model = User
        fields = ["id", "username", "display_name"]


class UserSerializer(serializers.ModelSerializer[User]):
    """What a site admin sees of a person."""

    is_site_admin = serializers.BooleanField(source="is_superuser", read_only=True)

    class Meta:
        model = User
        fields = ["id", "username", "display_name", "is_site_admin", "is_active", "date_joined", "last_login"]


class UserCreateSerializer(serializers.Serializer[Any]):
    """A new person; without a password they sign in by a one-time link."""

    username = serializers.CharField(max_length=150)
    display_name = serializers.CharField(max_length=150, required=False, allow_blank=True)
    password = serializers.CharField(max_length=1000, required=False, write_only=True, trim_whitespace=False)
    is_site_admin = serializers.BooleanField(required=False)


class UserUpdateSerializer(serializers.Serializer[Any]):
    """What may be changed of a person."""

    display_name = serializers.CharField(max_length=150, required=False, allow_blank=True)
    password = serializers.CharField(max_length=1000, required=False, write_only=True, trim_whitespace=False)
    is_site_admin = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)


class UserFilterSerializer(serializers.Serializer[Any]):
    """Which people."""

    query = serializers.CharField(max_length=150, required=False, allow_blank=True)


class MeSerializer(serializers.ModelSerializer[User]):
    """Oneself."""

    is_site_admin = serializers.BooleanField(source="is_superuser", read_only=True)
    preferences = serializers.DictField()

    class Meta:
        model = User
        fields = ["id", "username", "display_name", "is_site_admin", "preferences"]


class MeUpdateSerializer(serializers.Serializer[Any]):
    """What one may change of oneself."""

    display_name = serializers.CharField(max_length=150, required=False, allow_blank=True)
    preferences = serializers.DictField(required=False)


class SessionSerializer(serializers.Serializer[Any]):
    """Who is signed in: null for nobody."""

    user = MeSerializer(allow_null=True)


class SignInSerializer(serializers.Serializer[Any]):
    """Name and password."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1000, write_only=True, trim_whitespace=False)


class PasswordChangeSerializer(serializers.Serializer[Any]):
    """The password that is and the one to be."""

    current_password = serializers.CharField(
        max_length=1000, required=False, allow_blank=True, default="", write_only=True, trim_whitespace=False
    )
    new_password = serializers.CharField(max_length=1000, write_only=True, trim_whitespace=False)


class LinkSerializer(serializers.Serializer[Any]):
    """A one-time link, told once."""

    url = serializers.CharField()


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """A token as it is listed: never its secret."""

    class Meta:
        model = ApiToken
        fields = ["id", "name", "prefix", "scope", "created_at", "expires_at", "last_used_at"]


class TokenCreateSerializer(serializers.Serializer[Any]):
    """A token to be."""

    name = serializers.CharField(max_length=100)
    scope = serializers.ChoiceField(choices=TOKEN_SCOPES, default="read")
    days = serializers.IntegerField(min_value=1, max_value=3650, required=False, allow_null=True)


class TokenCreatedSerializer(TokenSerializer):
    """A new token with its secret, told this once."""

    token = serializers.CharField(read_only=True)

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]
