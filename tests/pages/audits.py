"""What an audit finds when the invoices table lacks one event."""

from __future__ import annotations

from queries.audit.result import Absent, Audit, Sink


def audit(_sinks: object, replay_id: str) -> Audit:
    """Stands in for queries.audit.run.audit."""
    whole = Sink(19990, 19990, 0, 0, 100, 20, 0.1)
    cause = "dead-lettered by the invoice writer: s3://weir-dead-letter/aws/lambda/x"
    lacks = Sink(19990, 19989, 1, 0, 0, 15, 0.1, (Absent("536365-1", 2, late=False, cause=cause),))
    return Audit(
        replay_id, "done", 20000, 19990, 10, 0, 0, 20000,
        {"lake": whole, "invoices": lacks, "warehouse": whole}, "2026-01-01 00:00:10", 0.3,
    )  # fmt: skip
