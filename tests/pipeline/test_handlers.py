import asyncio
import urllib.request
from pathlib import Path

from asya_cli.local.check import http_status


async def test_an_async_handler_works_on_as_many_messages_at_once_as_it_may(flow):
    ids = [await flow.send(["hall"], {"name": f"guest {number}"}) for number in range(32)]
    stored = [await flow.result(id_) for id_ in ids]
    assert {each["payload"]["word"] for each in stored} == {"welcome"}  # from its environment
    assert min(each["payload"]["inside"] for each in stored) == 32


def parent(pid):
    """Return the process that forked this one: a worker's supervisor."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def test_a_class_is_built_once_and_before_any_message(flow):
    await asyncio.gather(*[flow.send(["hall"], {"name": f"later {number}"}) for number in range(40)])
    await flow.empty("hall")
    runtime = flow.pipeline.process("hall", "asya-runtime")
    (built,) = flow.pipeline.executions("hall", "built")
    assert (parent(built["pid"]), runtime.restarts) == (runtime.pid, 0)


async def test_a_sidecar_serves_its_health_and_metrics(flow):
    await flow.result(await flow.send(["echo"], {}))
    await flow.empty("echo")
    url = flow.pipeline.metrics_url("echo")
    for probe in ("healthz", "readyz"):
        assert await http_status(url.replace("metrics", probe)) == 200
    with await asyncio.to_thread(urllib.request.urlopen, url) as answer:
        lines = answer.read().decode().splitlines()
    assert 'asya_actor_messages_processed_total{queue="echo",status="success"}' in "\n".join(lines)
    assert "asya_actor_active_messages 0.0" in lines
