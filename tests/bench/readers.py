"""Readers without a browser: what the server takes for an opening, one after the other and many at once.

`python -m tests.bench.readers URL PID PEOPLE` takes the queries of addresses of the Sales page from standard input, as
a JSON list, opens the last one, which is not counted, then the first `PEOPLE` one after the other, the next at once,
and so on in turn, and prints the processor time an opening of both as JSON.

Beside a browser that draws pages the server takes more processor time for the same work, whichever server the browser
looks at; this tells what it takes without one.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from pipeline.bench.served import Served

_LIMIT_S = 60


def visit(url: str, query: str) -> None:
    """Open the Sales page as a window does, and read all that it is sent until the page's script has ended."""
    asking = BackMsg()
    asking.rerun_script.page_name = "sales"
    asking.rerun_script.query_string = query
    address = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
    with connect(address, subprotocols=["streamlit"], max_size=None, proxy=None) as server:  # type: ignore[list-item]
        server.send(asking.SerializeToString())
        charts = 0
        while True:
            message = server.recv(timeout=_LIMIT_S)
            assert isinstance(message, bytes)
            told = ForwardMsg.FromString(message)
            charts += told.delta.new_element.HasField("plotly_chart")
            # The entry finds out which page it is, and begins again once at most.
            ended = told.WhichOneof("type") == "script_finished"
            if ended and told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                break
    if not charts:
        raise SystemExit(f"{url} showed no chart of {query}.")


def main(server: Served, people: int, queries: list[str]) -> None:
    """`one` and `together`: seconds of processor time an opening."""
    *queries, first = queries
    visit(server.url, first)  # not counted
    spent = {"one": 0.0, "together": 0.0}
    openings = dict.fromkeys(spent, 0)
    rounds = [queries[at : at + people] for at in range(0, len(queries), people)]
    with ThreadPoolExecutor(people) as pool:
        for turn, asked in enumerate(rounds):
            way = "together" if turn % 2 else "one"
            before = server.cpu_s()
            list((pool.map if turn % 2 else map)(partial(visit, server.url), asked))
            spent[way] += server.cpu_s() - before
            openings[way] += len(asked)
    sys.stdout.write(json.dumps({way: spent[way] / openings[way] for way in spent}) + "\n")


if __name__ == "__main__":
    main(Served(sys.argv[1], psutil.Process(int(sys.argv[2]))), int(sys.argv[3]), json.load(sys.stdin))
