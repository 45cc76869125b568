from examples.digits.demo.ledger import Failure, Ledger, Result


def result(image, id_=None, classified=1, refined=None):
    return Result(id_ or f"m-{image}", image, classified, 0.5, refined, created_at=10.0, stored_at=11.0, hops=4)


def test_a_ledger_is_right_when_every_image_has_one_result():
    ledger = Ledger(images=2)
    ledger.add(result(0))
    assert (ledger.is_complete, ledger.is_right, ledger.missing) == (False, False, [1])
    ledger.add(result(1))
    assert (ledger.is_complete, ledger.is_right, ledger.missing) == (True, True, [])


def test_the_same_result_written_again_counts_once():
    ledger = Ledger(images=1)
    ledger.add(result(0))
    ledger.add(result(0))
    assert len(ledger.results) == 1
    assert ledger.is_right


def test_a_second_message_about_an_image_is_a_failure():
    ledger = Ledger(images=1)
    ledger.add(result(0, "a"))
    ledger.add(result(0, "b"))
    assert ledger.results[0].id == "a"
    assert [failure.id for failure in ledger.failures] == ["b"]
    assert ledger.is_complete
    assert not ledger.is_right


def test_an_image_never_sent_is_a_failure():
    ledger = Ledger(images=1)
    ledger.add(result(1))
    ledger.add(result(-1))
    assert [failure.id for failure in ledger.failures] == ["m-1", "m--1"]
    assert ledger.missing == [0]


def test_a_failure_beside_all_results_is_not_right():
    ledger = Ledger(images=1)
    ledger.add(result(0))
    ledger.add(Failure("x", "broken"))
    assert not ledger.is_right


def test_the_answer_is_the_refined_one_where_there_is_one():
    assert result(0, classified=7).answer == 7
    assert result(0, classified=7, refined=0).answer == 0
