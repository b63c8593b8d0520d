"""`python -m pipeline` whose PutRecords carry few records, so that a small file is many calls, and each meets faults.

All else is the worker as people start it.
"""

from __future__ import annotations

import sys

from pipeline.cli import main
from pipeline.replay.senders import KinesisSender

RECORDS = 40  # a call, at most

if __name__ == "__main__":
    KinesisSender.limits = KinesisSender.limits._replace(records=RECORDS)
    sys.exit(main())
