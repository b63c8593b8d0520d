"""What is being viewed right now, and what was viewed before."""

from __future__ import annotations

from pages.parts import active_now, head, views_before

head.show(
    "Active page views",
    "What is being viewed right now, and what was viewed before? Times are those at which a view occurred, in UTC.",
)
minutes, paused = active_now.controls()
active_now.show(minutes, paused=paused)
views_before.show()
