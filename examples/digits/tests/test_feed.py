from examples.digits.demo.feed import Batch, Feed


def test_the_window_is_filled_at_once():
    assert list(Feed(1000, size=50, window=120).due(finished=0, elapsed=0.0)) == [Batch(0, 50), Batch(50, 50)]


def test_more_is_due_as_images_finish():
    feed = Feed(1000, size=50, window=100)
    assert len(list(feed.due(0, 0.0))) == 2
    assert list(feed.due(49, 1.0)) == []
    assert list(feed.due(50, 1.0)) == [Batch(100, 50)]


def test_a_pace_holds_batches_back_until_their_time():
    feed = Feed(1000, size=50, window=300, pace=100)
    assert list(feed.due(0, 0.0)) == [Batch(0, 50)]
    assert list(feed.due(0, 0.4)) == []
    assert list(feed.due(0, 1.2)) == [Batch(50, 50), Batch(100, 50)]


def test_every_image_is_sent_exactly_once():
    feed = Feed(1797, size=50, window=300)
    batches, finished = [], 0
    while due := list(feed.due(finished, 0.0)):
        batches += due
        finished = feed.sent
    assert [image for batch in batches for image in range(batch.first, batch.first + batch.count)] == list(range(1797))
    assert list(feed.due(1797, 0.0)) == []
