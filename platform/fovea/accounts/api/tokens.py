"""One's API tokens."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from fovea.accounts import selectors, services
from fovea.accounts.api.serializers import TokenCreatedSerializer, TokenCreateSerializer, TokenSerializer
from fovea.accounts.api.session import refuse_tokens
from fovea.core.api import ApiView, ListView


class TokenListView(ListView):
    """One's tokens."""

    @extend_schema(responses=TokenSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Those that are not revoked, newest first."""
        return self.page(selectors.tokens_of(self.actor), TokenSerializer)

    @extend_schema(request=TokenCreateSerializer, responses={201: TokenCreatedSerializer})
    def post(self, request: Request) -> Response:
        """Make one; `token` in the answer is its secret and is never told again."""
        refuse_tokens(request)
        token, secret = services.token_create(actor=self.actor, **self.data(TokenCreateSerializer))
        return Response({**TokenSerializer(token).data, "token": secret}, status=201)


class TokenView(ApiView):
    """One token."""

    @extend_schema(responses={204: None})
    def delete(self, request: Request, token_id: int) -> Response:
        """Revoke it: it stops working at once."""
        services.token_revoke(actor=self.actor, token_id=token_id)
        return Response(status=204)
