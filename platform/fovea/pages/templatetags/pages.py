"""What templates need beyond Django's own tags."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.template import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

register = template.Library()


@register.simple_tag(takes_context=True)
def nav_link(context: Context, name: str, text: str, *args: object) -> SafeString:
    """A link of the side bar, marked when it is the page one is on."""
    address = reverse(name, args=args)
    path = context["request"].path
    current = path == address or (name not in ("home", "project") and path.startswith(address))
    mark = SafeString(' aria-current="page"' if current else "")
    return format_html('<a href="{}"{}>{}</a>', address, mark, text)


@register.filter
def ago(moment: datetime | None) -> str:
    """How long ago a moment was, in its largest unit."""
    if moment is None:
        return "never"
    seconds = (timezone.now() - moment).total_seconds()
    return "just now" if seconds < 60 else f"{timesince(moment, depth=1)} ago"


@register.filter
def percent(value: float | None, digits: int = 0) -> str:
    """A share from 0 to 1 as a percentage with a thin space; a dash for none."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


@register.filter
def signed(value: float | None, digits: int = 3) -> str:
    """A difference with its sign; a dash for none."""
    return "–" if value is None else f"{value:+.{digits}f}".replace("-", "−")


@register.filter
def figure(value: float | None, digits: int = 3) -> str:
    """A number with fixed digits; a dash for none."""
    return "–" if value is None else f"{value:.{digits}f}"
