import io
from pathlib import Path

import pytest
from rich.console import Console

from asya_cli.local.brokers import NAMES
from examples.digits.demo.__main__ import main
from examples.digits.demo.ledger import Failure, Ledger, Result
from examples.digits.demo.progress import Bar, Lines, watcher
from examples.digits.demo.report import Truth, explained, figures, picture, restarted, shortfall
from examples.digits.demo.summary import summarise


def ledger_of(images, results, failures=0):
    ledger = Ledger(images)
    for image in range(results):
        ledger.add(Result(f"m-{image}", image, 9, 0.5, None if image % 2 else 1, 10.0, 12.0, hops=4))
    for number in range(failures):
        ledger.add(Failure(f"x-{number}", "processing_error at refine: ValueError: no"))
    return ledger


def console(encoding="utf-8", **settings):
    return Console(file=io.TextIOWrapper(io.BytesIO(), encoding=encoding), width=200, **settings)


def printed(screen):
    screen.file.flush()
    return screen.file.buffer.getvalue().decode()


def test_elsewhere_than_on_a_terminal_there_is_one_line_for_each_tenth():
    screen = console()
    with watcher(screen, 20) as shown:
        assert isinstance(shown, Lines)
        for results in (0, 1, 2, 3, 20, 20):
            shown.show(ledger_of(20, results))
    assert printed(screen).splitlines() == [
        "   10 %  2 of 20 images, 1 refined, 0 errors",
        "  100 %  20 of 20 images, 10 refined, 0 errors",
    ]


def test_on_a_terminal_there_is_a_bar():
    screen = console(force_terminal=True)
    with watcher(screen, 20) as shown:
        assert isinstance(shown, Bar)
        shown.show(ledger_of(20, 20, failures=1))
    assert "20/20" in printed(screen)
    assert "10 refined, 1 errors" in printed(screen)


def test_the_figures_name_accuracy_speed_latency_and_places():
    ledger = ledger_of(4, 4)
    text = "\n".join(figures(summarise(ledger, [1, 9, 0, 0]), ledger, Path("where/results"), Path("summary.json")))
    assert "4 sent, 4 results, 0 errors" in text
    assert "25.0% by classify alone, 50.0% after refine" in text
    assert "2 images per second" in text
    assert "8 visits to an actor" in text
    assert "p50 2000 ms, p99 2000 ms" in text
    assert "where/results" in text
    assert "summary.json" in text


def test_the_shortfall_names_what_is_missing_and_where_to_look():
    lines = list(shortfall(ledger_of(30, 15, failures=12), Path("where/logs")))
    assert lines[0] == "  x-0: processing_error at refine: ValueError: no"
    assert lines[10] == "  and 2 more errors"
    assert lines[11] == (
        "error: 15 of 30 images have a result and 12 messages ended in an error; without a result: images 15, 16, 17, "
        "18, 19, 20, 21, 22, 23, 24, …; look for the reason in the actors' logs in where/logs"
    )


def test_errors_beside_all_results_are_a_shortfall_too():
    assert list(shortfall(ledger_of(1, 1, failures=1), Path("logs")))[-1] == (
        "error: 1 of 1 images have a result and 1 messages ended in an error; look for the reason in the actors' logs "
        "in logs"
    )


def test_an_image_that_the_expert_put_right_is_shown():
    lines = list(explained(ledger_of(4, 4), Truth(digits=[9, 9, 1, 9], pixels=[[0] * 64, [], [16] * 64]), "utf-8"))
    assert [line.strip() for line in lines] == [
        "",
        "████████████████",
        "████████████████",
        "████████████████  image 2",
        "████████████████  classify   9, but only 50% sure: judge puts refine into the route",
        "████████████████  refine     1",
        "████████████████  it is      1",
        "████████████████",
        "████████████████",
        "",
    ]


def test_nothing_is_shown_when_the_expert_put_nothing_right():
    assert list(explained(ledger_of(4, 4), Truth(digits=[9, 9, 9, 9], pixels=[]), "utf-8")) == []


@pytest.mark.parametrize(("encoding", "row"), [("utf-8", "  ░░▒▒▓▓██      "), ("ascii", "  ..::**##      ")])
def test_a_picture_has_two_characters_for_each_pixel(encoding, row):
    assert picture([0, 4, 8, 12, 16, 0, 0, 0] * 8, encoding) == [row] * 8


@pytest.mark.parametrize(("times", "line"), [(1, "1 process died"), (2, "2 processes died")])
def test_processes_that_started_again_are_counted(times, line):
    assert restarted(times) == f"restarts    {line} on the way and started again"


def test_a_broker_that_is_not_there_is_one_sentence(capsys):
    assert main(["--transport", "kafka"]) == 2
    assert capsys.readouterr().out == (
        f"error: no local broker for the transport 'kafka'; it is not built yet; use {' or '.join(NAMES)}\n"
    )
