"""Addresses below /api/v1/."""

from django.urls import path

from annotations.api import items, schemas

urlpatterns = [
    path("projects/<slug:slug>/schema/", schemas.SchemaDetail.as_view(), name="schema"),
    path("projects/<slug:slug>/items/", items.ItemList.as_view(), name="items"),
    path("items/<int:item_id>/annotation/", items.AnnotationDetail.as_view(), name="annotation"),
    path("items/<int:item_id>/submit/", items.AnnotationSubmit.as_view(), name="submit"),
    path("items/<int:item_id>/versions/", items.VersionList.as_view(), name="versions"),
    path("items/<int:item_id>/skip/", items.ItemSkip.as_view(), name="skip"),
    path("items/<int:item_id>/flag/", items.ItemFlag.as_view(), name="flag"),
    path("items/<int:item_id>/reopen/", items.ItemReopen.as_view(), name="reopen"),
]
