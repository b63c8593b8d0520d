from __future__ import annotations

from tests.pipeline.local_warehouse import postgres, warehouse

__all__ = ["postgres", "warehouse"]
