"""What POST /clicks makes of a body: `{"Click":<the body>,"RequestId":"<the request's id>"}`, one line, unparsed.

The mapping template (pipeline/template.yaml) cannot know whether a body is JSON: `{},"Page":"b"` makes an object of
three names. So a body is what stands between our words, and is read alone.
"""

from __future__ import annotations

import re

_LINE = re.compile(rb'\{"Click":(.*), ?"RequestId": ?"([^"]*)"\}')


def opened(line: bytes) -> tuple[bytes, str] | None:
    """The body, and the id of the request that brought it; None for a line that POST /clicks did not write."""
    # Greedy: a body may hold these words, too, and ours are the last.
    found = _LINE.fullmatch(line.strip())
    return None if found is None else (found[1], found[2].decode(errors="replace"))
