"""The files of a RabbitMQ node of one's own."""

from __future__ import annotations

import pytest

from asya_cli.local.brokers.rabbitmq_node import Node


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path, 1, 2, 3, 4)


@pytest.fixture
def cookie(node):
    node.configure(statistics_ms=1)
    return node.folder / ".erlang.cookie"


def test_the_cookie_is_long_and_its_owners_alone(cookie):
    assert len(cookie.read_text()) == 64
    assert cookie.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o644, 0o400])
def test_a_cookie_that_was_copied_with_another_mode_is_kept_and_closed(node, cookie, mode):
    cookie.chmod(0o600)
    cookie.write_text("mine")
    cookie.chmod(mode)
    node.configure(statistics_ms=1)

    assert cookie.read_text() == "mine"
    assert cookie.stat().st_mode & 0o777 == 0o600
