import msgspec
import pytest

from asya_core.faults import Fault


@pytest.mark.parametrize("code", ["processing_error", "timeout_error", "crash_error"])
def test_what_happened_in_the_handler_may_pass(code):
    assert Fault(code=code, message="").may_pass


@pytest.mark.parametrize(
    "code",
    [
        "result_error", "route_error", "msg_parsing_error", "route_mismatch", "deadline_exceeded", "cancelled_error",
        "deliveries", "unroutable",
    ],
)  # fmt: skip
def test_what_the_message_or_the_route_brings_does_not_pass(code):
    assert not Fault(code=code, message="").may_pass


def test_a_rule_may_name_code_class_and_bases_in_full_and_in_short():
    fault = Fault(code="processing_error", message="", type="shop.Order.Missing", mro=["LookupError", "lib.BaseError"])

    assert fault.names() == {
        "processing_error", "shop.Order.Missing", "Missing", "LookupError", "lib.BaseError", "BaseError",
    }  # fmt: skip


def test_a_fault_without_an_exception_has_its_code_for_a_name():
    assert Fault(code="crash_error", message="").names() == {"crash_error"}


def test_a_fault_is_read_from_the_body_of_an_error_frame():
    body = (
        b'{"code":"processing_error","message":"no","type":"E","mro":["B"],"traceback":"t","retry_after":2,"later":1}'
    )

    assert msgspec.json.decode(body, type=Fault) == Fault(
        code="processing_error", message="no", type="E", mro=["B"], traceback="t", retry_after=2.0
    )
