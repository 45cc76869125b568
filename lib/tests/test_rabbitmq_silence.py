import pytest

from asya_core.transports.rabbitmq.silence import MOST_ASKS_BETWEEN_RENEWALS, SILENT_TICKS, Remedy, Silence


def ticks_until_asked(silence):
    number = 1
    while not silence.tick():
        number += 1
    return number


def test_the_server_is_asked_after_some_silence_and_again():
    silence = Silence()
    assert [ticks_until_asked(silence) for _ in range(3)] == [SILENT_TICKS] * 3


def test_messages_that_are_not_delivered_are_doubted_at_once_then_asked_for_anew_then_all_is_rebuilt():
    silence = Silence()
    ticks, remedies = [], []
    for _ in range(3):
        ticks.append(ticks_until_asked(silence))
        remedies.append(silence.judge(7, has_room=True, is_empty=False))
    assert ticks == [SILENT_TICKS, 1, SILENT_TICKS]
    assert remedies == [Remedy.NOTHING, Remedy.SUBSCRIBE, Remedy.REBUILD]


def test_a_queue_that_was_empty_in_between_is_doubted_from_the_beginning():
    silence = Silence()
    silence.judge(7, has_room=True, is_empty=False)
    silence.judge(0, has_room=True, is_empty=False)
    assert silence.judge(7, has_room=True, is_empty=False) is Remedy.NOTHING


@pytest.mark.parametrize("ready", [0, 7])
def test_who_has_no_room_expects_nothing(ready):
    silence = Silence()
    assert {silence.judge(ready, has_room=False, is_empty=True) for _ in range(5)} == {Remedy.NOTHING}


def test_a_channel_with_messages_in_hand_is_not_renewed():
    silence = Silence()
    assert {silence.judge(0, has_room=True, is_empty=False) for _ in range(5)} == {Remedy.NOTHING}


def test_an_idle_channel_is_renewed_ever_more_rarely_until_a_message_comes():
    silence = Silence()

    def renewals(number):
        asked = [silence.judge(0, has_room=True, is_empty=True) for _ in range(number)]
        return [each for each, remedy in enumerate(asked, 1) if remedy is Remedy.RENEW]

    most = MOST_ASKS_BETWEEN_RENEWALS
    assert renewals(31 + 2 * most) == [1, 3, 7, 15, 31, 31 + most, 31 + 2 * most]
    silence.is_broken = True
    silence.tick()
    assert renewals(3) == [1, 3]
