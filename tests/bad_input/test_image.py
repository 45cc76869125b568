"""An image whose files are closed to the user that the pod runs as."""

from __future__ import annotations

import pytest

from tests.bad_input.page import rows

pytestmark = pytest.mark.needs("helm")
HANDLER = "def process(payload):\n    return payload\n"


@rows("handler-file-closed", "handler-folder-closed")
def test_files_that_the_user_may_not_read_end_the_runtime_until_they_are_opened(make_container, row):
    container = make_container("package.closed.process")
    container.image.put("/app/package/closed.py", HANDLER)
    closed = container.image.place("/app/package" if row.id == "handler-folder-closed" else "/app/package/closed.py")
    closed.chmod(0o700)
    code, last = container.refusal()
    sentence, _, load_code = last.removeprefix("error: ").rpartition(" [")
    row.check(where=f"exit code {code}", code=load_code.removesuffix("]"), said=sentence)
    closed.chmod(0o755)
    with container.served() as client:
        assert client.call(1, {"good": True}).items == [{"good": True}]
