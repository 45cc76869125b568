import json

import msgspec
import pytest

# As odd as JSON allows, so that anything that reads them and writes them again would show.
HEADERS = (
    rb'{"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","tracestate":"a=1,b=2",'
    rb'"x-tenant" : {"n":[1.50,1E2,-0.0]},"\u00e9":"\ud83d\ude00\/","":null}'
)
UNKNOWN = rb'{"big":123456789012345678901234567890, "dot":1.0,"text":"\/\u0041"}'

PAYLOADS = [
    pytest.param(None, id="null"),
    pytest.param(True, id="true"),
    pytest.param("Grüße, 世界 \U0001f600 \u0000 \u2028", id="unicode"),
    pytest.param(2**53 + 1, id="no double"),
    pytest.param(2**64 - 1, id="just 64 bits"),
    pytest.param([2**64, -(2**70)], id="beyond 64 bits"),
    pytest.param([1, 1.0, -0.0, 5e-324, 1.7976931348623157e308, 1 / 3], id="floats"),
    pytest.param({"nested": [[], {}, [{"": ""}]], "false": False, "list": [None, 0, ""]}, id="nested"),
    pytest.param("x" * 1_000_000, id="a megabyte"),
]


def members(body):
    """Return an object's members as the bytes that stand for them."""
    return {name: bytes(value) for name, value in msgspec.json.decode(body, type=dict[str, msgspec.Raw]).items()}


def stored_at(flow, reference):
    (path,) = flow.pipeline.folder.payloads.rglob(reference["sha256"])
    return path


def payload_of(flow, message):
    """Return a message's payload, also where it lies in the run's store."""
    if "payload" in message:
        return message["payload"]
    return json.loads(stored_at(flow, message["payload_ref"]).read_bytes())


async def test_headers_and_unknown_members_pass_three_hops_byte_for_byte(flow):
    outlet = await flow.outlet("three-hops")
    await flow.post(
        "echo",
        b'{"future":%b,"id":"three-hops-1","route":{"actors":["echo","maker","echo","three-hops"],"current":0,'
        b'"metadata":{"by": "me"},"lane":%b},"headers":%b,"status":{"created_at":"2026-01-31T12:00:00Z","seen":%b},'
        b'"payload":{"return":{"still":1}}}' % (UNKNOWN, UNKNOWN, HEADERS, UNKNOWN),
    )
    came = members(await outlet.take())
    route, status = members(came["route"]), members(came["status"])
    assert members(came["headers"]) == members(HEADERS)
    assert came["future"] == route["lane"] == status["seen"] == UNKNOWN
    assert route["metadata"] == b'{"by": "me"}'
    assert (came["id"], came["payload"], route["current"]) == (b'"three-hops-1"', b'{"still":1}', b"3")
    assert status["created_at"] == b'"2026-01-31T12:00:00Z"'


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_a_payload_comes_out_as_it_went_in(flow, payload):
    outlet = await flow.outlet("as-it-was")
    await flow.send(["echo", "echo", "as-it-was"], {"it": payload})
    out = payload_of(flow, json.loads(await outlet.take()))
    assert repr(out) == repr({"it": payload})  # it tells 1 from 1.0 and from True


async def test_children_of_children_are_named_after_where_they_come_from(flow):
    payload = {"each": [{"each": ["a", "b"]}, {"yield": ["c", "d", "e"]}, {"return": "f"}]}
    id_ = await flow.send(["maker", "maker"], payload)
    family = {
        id_: ("a", None),
        f"{id_}-1.1": ("b", id_),
        f"{id_}-0.1": ("c", id_),
        f"{id_}-0.1-1.1": ("d", f"{id_}-0.1"),
        f"{id_}-0.1-1.2": ("e", f"{id_}-0.1"),
        f"{id_}-0.2": ("f", id_),
    }
    for name, (value, parent) in family.items():
        stored = await flow.result(name)
        assert (stored["payload"], stored.get("parent_id")) == (value, parent)
        assert stored["route"]["current"] == 2
    assert sorted(flow.pipeline.results.children(id_)) == sorted(family.keys() - {id_})


@pytest.mark.parametrize("nothing", [{"return": None}, {"each": []}, {"yield": []}], ids=str)
async def test_nothing_ends_the_message_where_it_is(flow, nothing):
    stored = await flow.result(await flow.send(["echo", "maker", "echo"], nothing))
    assert stored["payload"] == nothing
    assert stored["route"] == {"actors": ["echo", "maker", "echo"], "current": 1}
    assert (stored["status"]["phase"], stored["status"]["actor"]) == ("succeeded", "maker")


async def test_a_generator_that_fails_half_way_sends_the_id_to_the_error_alone(flow):
    outlet = await flow.outlet("half")
    id_ = await flow.send(["maker", "half"], {"yield": ["a", "b", "c"], "fails": True})
    siblings = [json.loads(await outlet.take()) for _ in range(2)]
    assert [(each["id"], each["payload"]) for each in siblings] == [(f"{id_}-0.1", "b"), (f"{id_}-0.2", "c")]
    stored = await flow.error(id_)
    assert (stored["payload"]["error"], stored["route"]["current"]) == ("processing_error", 0)
    await flow.empty("maker", "half")


@pytest.mark.parametrize("megabytes", [17, 33])
async def test_what_is_larger_than_its_actor_takes_is_kept_in_the_store(flow, megabytes):
    id_ = await flow.send(["maker", "echo"], {"bytes": megabytes * 1024 * 1024})
    stored = await flow.error(id_)
    assert (stored["payload"]["error"], stored["status"]["actor"]) == ("msg_parsing_error", "echo")
    assert "at most 16777216 are taken" in stored["payload"]["details"]["message"]
    reference = stored["payload"]["original_payload_ref"]
    assert stored_at(flow, reference).stat().st_size == reference["size"] > megabytes * 1024 * 1024
